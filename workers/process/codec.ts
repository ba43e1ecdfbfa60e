/**
 * Values of messages as bytes, for the pipe between host and child.
 *
 * The runtimes have serializers of their own (`node:v8`), but these take bytes
 * on trust, and one of the two ends here does not deserve it. What is read is
 * checked at every step; nothing is allocated that is not backed by bytes that
 * have come. Data goes as it lies in memory: both ends are one machine.
 *
 * @module
 */

import { StreamrackError } from "../../core/errors.ts";

const TAG = {
  undefined: 0,
  null: 1,
  true: 2,
  false: 3,
  number: 4,
  string: 5,
  bigint: 6,
  array: 7,
  object: 8,
  bytes: 9,
  port: 10,
} as const;

/** Classes of binary data; the place is what is sent. */
const VIEWS = [
  ArrayBuffer,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

/** Deeper values are refused at both ends. */
const DEPTH_MAX = 512;
/** Most members of arrays and objects in one value: each takes much more memory than the byte that it may come in. */
export const MEMBERS_MAX = 4_000_000;
/** Bytes from this size on are not copied into the envelope, but written from where they lie. */
const APART_FROM_BYTES = 512;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const TYPED_ARRAY_PROTOTYPE: object = Object.getPrototypeOf(Uint8Array.prototype);

/** Writes values one after the other into parts that are sent in order. */
export class ValueWriter {
  readonly #parts: Uint8Array[] = [];
  readonly #ports: (port: MessagePort) => number;
  #buffer: Buffer;
  #at: number;
  #length = 0;
  #members = 0;

  /** @param reserved Bytes to leave free at the front. @param ports Gives the number of a port that is sent along. */
  constructor(reserved: number, ports: (port: MessagePort) => number) {
    this.#buffer = Buffer.allocUnsafe(Math.max(256, reserved));
    this.#at = reserved;
    this.#ports = ports;
  }

  /** The parts of all that was written, and how many bytes they are. */
  finish(): { readonly parts: readonly Uint8Array[]; readonly length: number } {
    this.#cut();
    return { parts: this.#parts, length: this.#length };
  }

  /**
   * @throws {TypeError} for what cannot be sent: functions, symbols, class instances, cycles.
   * @throws {StreamrackError} `limit-exceeded` for a value of too many parts.
   */
  write(value: unknown, depth = 0): void {
    if (depth > DEPTH_MAX) throw new TypeError(`a value is nested deeper than ${DEPTH_MAX}, or contains itself`);
    switch (typeof value) {
      case "undefined":
        return this.#byte(TAG.undefined);
      case "boolean":
        return this.#byte(value ? TAG.true : TAG.false);
      case "number":
        this.#byte(TAG.number);
        this.#room(8);
        this.#at = this.#buffer.writeDoubleLE(value, this.#at);
        return;
      case "string":
        this.#byte(TAG.string);
        return this.#text(value);
      case "bigint":
        this.#byte(TAG.bigint);
        return this.#text(String(value));
      case "object":
        return this.#object(value, depth);
      default:
        throw new TypeError(`a ${typeof value} cannot be sent to another process`);
    }
  }

  #object(value: object | null, depth: number): void {
    if (value === null) return this.#byte(TAG.null);
    if (value instanceof MessagePort) {
      this.#byte(TAG.port);
      return this.#uint(this.#ports(value));
    }
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return this.#binary(value);
    if (Array.isArray(value)) {
      this.#byte(TAG.array);
      this.#count(value.length);
      // By index: a hole is sent as undefined.
      for (let i = 0; i < value.length; i++) this.write(value[i], depth + 1);
      return;
    }
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
      throw new TypeError("an instance of a class cannot be sent to another process");
    }
    const entries = Object.entries(value);
    this.#byte(TAG.object);
    this.#count(entries.length);
    for (const [key, member] of entries) {
      this.#text(key);
      this.write(member, depth + 1);
    }
  }

  #binary(value: ArrayBufferView | ArrayBuffer): void {
    const name = ArrayBuffer.isView(value)
      ? Reflect.get(TYPED_ARRAY_PROTOTYPE, Symbol.toStringTag, value) as string | undefined
      : "ArrayBuffer";
    const index = VIEWS.findIndex((view) => view.name === name);
    if (index < 0) throw new TypeError("a view of this class cannot be sent to another process");
    const bytes = ArrayBuffer.isView(value)
      ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      : new Uint8Array(value);
    this.#byte(TAG.bytes);
    this.#byte(index);
    this.#uint(bytes.byteLength);
    if (bytes.byteLength >= APART_FROM_BYTES) {
      this.#cut();
      this.#parts.push(bytes);
      this.#length += bytes.byteLength;
      return;
    }
    this.#room(bytes.byteLength);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.byteLength;
  }

  #text(text: string): void {
    // Lone surrogates cannot be told in UTF-8; they become U+FFFD, as in every text encoder.
    const length = Buffer.byteLength(text);
    this.#uint(length);
    this.#room(length);
    this.#at += this.#buffer.write(text, this.#at);
  }

  #count(members: number): void {
    this.#members += members;
    if (this.#members > MEMBERS_MAX) {
      throw new StreamrackError("limit-exceeded", "a value has too many parts for the process tier", {
        remedy: `Send at most ${MEMBERS_MAX} members of arrays and objects at a time; numbers in bulk as a tensor.`,
      });
    }
    this.#uint(members);
  }

  #byte(value: number): void {
    this.#room(1);
    this.#buffer[this.#at++] = value;
  }

  #uint(value: number): void {
    this.#room(4);
    this.#at = this.#buffer.writeUInt32LE(value, this.#at);
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#at + bytes));
    grown.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = grown;
  }

  /** Ends the part that is being written. */
  #cut(): void {
    if (this.#at === 0) return;
    this.#parts.push(this.#buffer.subarray(0, this.#at));
    this.#length += this.#at;
    this.#buffer = this.#buffer.subarray(this.#at);
    this.#at = 0;
  }
}

/** Reads one value that fills the bytes. */
export class ValueReader {
  /** Memory of the value, to be moved along with it. */
  readonly transfer: (ArrayBuffer | MessagePort)[] = [];
  readonly #bytes: Buffer;
  readonly #ports: ((id: number) => MessagePort) | undefined;
  #at = 0;
  #members = 0;

  /** @param ports Gives the port of a number. Absent: none may come. */
  constructor(bytes: Buffer, ports?: (id: number) => MessagePort) {
    this.#bytes = bytes;
    this.#ports = ports;
  }

  /** @throws {StreamrackError} `protocol-violation` */
  read(): unknown {
    const value = this.#value(0);
    if (this.#at !== this.#bytes.length) throw pipeViolation("more than one value in a frame");
    return value;
  }

  #value(depth: number): unknown {
    if (depth > DEPTH_MAX) throw pipeViolation("a value that is nested too deep");
    switch (this.#byte()) {
      case TAG.undefined:
        return undefined;
      case TAG.null:
        return null;
      case TAG.true:
        return true;
      case TAG.false:
        return false;
      case TAG.number:
        return this.#bytes.readDoubleLE(this.#take(8));
      case TAG.string:
        return this.#text();
      case TAG.bigint:
        return this.#bigint();
      case TAG.array: {
        const values: unknown[] = [];
        for (let left = this.#count(); left > 0; left--) values.push(this.#value(depth + 1));
        return values;
      }
      case TAG.object: {
        const object: Record<string, unknown> = {};
        for (let left = this.#count(); left > 0; left--) {
          const key = this.#text();
          const value = this.#value(depth + 1);
          // An assignment to this key would change the prototype.
          if (key === "__proto__") {
            Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
          } else object[key] = value;
        }
        return object;
      }
      case TAG.bytes:
        return this.#binary();
      case TAG.port: {
        if (this.#ports === undefined) throw pipeViolation("a port, which only the host may send");
        const port = this.#ports(this.#uint());
        this.transfer.push(port);
        return port;
      }
      default:
        throw pipeViolation("a value of no known kind");
    }
  }

  #binary(): ArrayBuffer | ArrayBufferView {
    const View = VIEWS[this.#byte()];
    const length = this.#uint();
    const start = this.#take(length);
    // Memory of its own, which can be moved on and is aligned: what came lies in the buffer of the pipe.
    const buffer = new ArrayBuffer(length);
    new Uint8Array(buffer).set(this.#bytes.subarray(start, start + length));
    this.transfer.push(buffer);
    if (View === undefined) throw pipeViolation("binary data of no known class");
    if (View === ArrayBuffer) return buffer;
    const Typed = View as Uint8ArrayConstructor;
    if (length % Typed.BYTES_PER_ELEMENT !== 0) throw pipeViolation("a part of an element");
    return new Typed(buffer);
  }

  #text(): string {
    const length = this.#uint();
    const start = this.#take(length);
    try {
      return decoder.decode(this.#bytes.subarray(start, start + length));
    } catch {
      throw pipeViolation("text that is not UTF-8");
    }
  }

  #bigint(): bigint {
    const text = this.#text();
    if (!/^-?\d{1,1000}$/.test(text)) throw pipeViolation("a number that is none");
    return BigInt(text);
  }

  /** Each member takes a byte at least, so a count that is too large for the frame ends with its bytes. */
  #count(): number {
    const members = this.#uint();
    this.#members += members;
    if (this.#members > MEMBERS_MAX) throw pipeViolation(`a value of more than ${MEMBERS_MAX} parts`);
    return members;
  }

  #byte(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  #uint(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  #take(bytes: number): number {
    const start = this.#at;
    if (start + bytes > this.#bytes.length) throw pipeViolation("a value that is cut off");
    this.#at = start + bytes;
    return start;
  }
}

/** The error for bytes that the other end cannot have written. @param what Completes "the pipe … carried …". */
export function pipeViolation(what: string): StreamrackError {
  return new StreamrackError("protocol-violation", `the pipe to a child process carried ${what}`);
}
