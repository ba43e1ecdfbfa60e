/**
 * Which file belongs to which port: the `-i` and `-o` of the command line.
 *
 * @module
 */

import { type DataKind, type PortKinds, StreamrackError } from "../../core/plugin.ts";

/** What tells a port from all others. */
export interface PortName {
  readonly nodeId: string;
  readonly port: string;
}

/** A port that values are sent to or come from. */
export interface SessionPort extends PortName {
  readonly kinds: PortKinds;
}

/** One `-i` or `-o`, as typed. */
export interface FileArgument {
  /** A node id, or node id and port with a dot between; absent: whichever port fits. */
  readonly target: string | undefined;
  readonly path: string;
}

/** A file and the port that it belongs to. */
export interface Binding {
  readonly port: SessionPort;
  readonly path: string;
}

/**
 * Parses `path` or `node=path` or `node.port=path`. What stands before the
 * first `=` is a path if it holds a slash, so `./a=b.wav` is a file.
 */
export function parseFileArgument(argument: string): FileArgument {
  const at = argument.indexOf("=");
  const before = argument.slice(0, at);
  if (at <= 0 || /[/\\]/.test(before)) return { target: undefined, path: argument };
  return { target: before, path: argument.slice(at + 1) };
}

/** What {@linkcode bindFiles} has to know of its side. */
export interface Side {
  /** For messages. */
  readonly name: "input" | "output";
  readonly flag: "-i" | "-o";
  /** The kinds of data that a file may hold, from its name. Throws for a file that cannot be used. */
  kindsOf(path: string): readonly DataKind[];
}

/**
 * Finds a port for every file.
 *
 * @throws {StreamrackError} `invalid-options` with every file that has no port, or more than one.
 */
export function bindFiles(files: readonly FileArgument[], ports: readonly SessionPort[], side: Side): Binding[] {
  const bindings: Binding[] = [];
  const problems: { path: string; message: string; received: string; expected: string }[] = [];
  const available = ports.map((port) => `${targetOf(port, ports)} (${port.kinds.join(", ")})`).join(", ");
  // Named ones first: a file without a name takes what they leave.
  const ordered = [...files].sort((a, b) => Number(a.target === undefined) - Number(b.target === undefined));
  for (const { target, path } of ordered) {
    const free = ports.filter((port) => !bindings.some((binding) => binding.port === port));
    const kinds = side.kindsOf(path);
    const fits = target === undefined ? bestFits(free, kinds) : ports.filter((port) => isNamed(port, target));
    const [port] = fits;
    if (fits.length === 1 && port !== undefined) {
      bindings.push({ port, path });
      continue;
    }
    problems.push({
      path: side.flag,
      message: fits.length > 1
        ? `fits more than one ${side.name}; write ${side.flag} NODE=${path}`
        : target === undefined
        ? `fits no ${side.name} of the pipeline`
        : `names no ${side.name} of the pipeline`,
      received: target === undefined ? `${path} (${kinds.join(" or ")})` : target,
      expected: available === "" ? `none: the pipeline has no ${side.name}` : available,
    });
  }
  if (problems.length > 0) {
    throw new StreamrackError("invalid-options", `not every ${side.name} file has its place in the pipeline`, {
      problems,
    });
  }
  return bindings;
}

/** The shortest name of a port on the command line. */
export function targetOf({ nodeId, port }: PortName, ports: readonly PortName[]): string {
  return ports.filter((other) => other.nodeId === nodeId).length > 1 ? `${nodeId}.${port}` : nodeId;
}

function isNamed({ nodeId, port }: SessionPort, target: string): boolean {
  return target === nodeId || target === `${nodeId}.${port}`;
}

/** Ports for exactly that kind come before those that take anything. */
function bestFits(ports: readonly SessionPort[], kinds: readonly DataKind[]): SessionPort[] {
  const exact = ports.filter((port) => kinds.some((kind) => port.kinds.includes(kind)));
  return exact.length > 0 ? exact : ports.filter((port) => port.kinds.includes("any"));
}
