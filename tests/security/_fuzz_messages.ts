/** Sessions with a hostile worker, drawn by seed: what the host, its other sessions and their owner see of it. */

import assert from "node:assert/strict";
import { settledWithin } from "../../core/flow/settled_within.ts";
import { checkRuntimeData } from "../../core/data/validate.ts";
import {
  createRuntime,
  type LogEntry,
  type Manifest,
  type Runtime,
  RuntimeData,
  type Session,
  type SessionOutput,
  StreamrackError,
} from "../../mod.ts";
import { Random } from "../_support/random.ts";
import { testPlugin } from "../_support/runtime.ts";
import { type Attack, ATTACK_NAMES } from "./_hostile_entry.ts";

/** What a run has seen: rounds by attack, and by how they ended. */
export type MessageReport = { readonly [how: string]: { readonly [ending: string]: number } };

/** Values that are sent in each round. */
const COUNT = 24;
/** How long a session may stand still before it is cancelled: a hostile worker need not answer. In milliseconds. */
const PATIENCE_MS = 200;
/** Longest time that anything may take that has to come to an end, in milliseconds. No more than a bound for a hang. */
const END_MS = 60_000;

/** What a session with a hostile worker may fail with. */
const REASONS: readonly unknown[] = [
  ...["protocol-violation", "worker-crashed", "node-failed", "node-create-failed", "invalid-data", "wrong-kind"],
  ...["session-cancelled", "session-closed", "invalid-manifest", "deadline-exceeded", "unknown", "plugin-load-failed"],
];

/** Where the attacker stands. */
const TOPOLOGIES = ["alone", "before", "behind"] as const;

const VICTIM = { id: "victim", node_type: "util.passthrough" };

function manifestOf(attack: Attack, topology: typeof TOPOLOGIES[number]): Manifest {
  const attacker = { id: "attacker", node_type: "crash.at", params: { attack: { ...attack } } };
  if (topology === "alone") return { version: "v1", nodes: [attacker] };
  const [from, to] = topology === "before" ? ["attacker", "victim"] : ["victim", "attacker"];
  return { version: "v1", nodes: [attacker, VICTIM], connections: [{ from, to }] };
}

function valueOf(n: number, random: Random): RuntimeData {
  const metadata = random.unit() < 0.2 ? { metadata: JSON.parse('{"__proto__": {"polluted": 1}}') } : {};
  switch (random.integer(0, 3)) {
    case 0:
      return RuntimeData.json({ n }, metadata);
    case 1:
      return RuntimeData.audio({ samples: new Float32Array(20_000), sampleRate: 8000, ...metadata });
    default:
      return RuntimeData.audio({ samples: new Float32Array(80), sampleRate: 8000, ...metadata });
  }
}

/** A runtime with a session of another plugin, which must not notice anything. */
export class HostileRack {
  readonly #runtime: Runtime;
  readonly #bystander: Session;
  readonly #answers: AsyncIterator<SessionOutput>;
  readonly logs: LogEntry[];

  private constructor(runtime: Runtime, bystander: Session, logs: LogEntry[]) {
    this.#runtime = runtime;
    this.#bystander = bystander;
    this.#answers = bystander[Symbol.asyncIterator]();
    this.logs = logs;
  }

  static async open(sharedMemory = true): Promise<HostileRack> {
    const logs: LogEntry[] = [];
    const runtime = await createRuntime({
      plugins: [testPlugin("crash"), testPlugin("probe")],
      workerEntry: new URL("./_hostile_entry.ts", import.meta.url),
      sharedMemory,
      maxThreads: 2,
      killGraceMs: 300,
      openTimeoutMs: 10_000,
      onLog: (entry) => logs.push(entry),
    });
    const node = { id: "bystander", node_type: "probe.echo" };
    return new HostileRack(runtime, await runtime.open({ version: "v1", nodes: [node] }), logs);
  }

  /** Runs one session with an attacker. Gives how it ended, or throws for what must not be. */
  async round(attack: Attack): Promise<string> {
    const random = new Random(attack.seed);
    this.logs.length = 0;
    const ending = await within(this.#session(manifestOf(attack, random.pick(TOPOLOGIES)), random), "the session");
    // What went on is told in others' names nowhere, and not without end.
    assert.ok(this.logs.length <= 5_000, `${this.logs.length} log entries`);
    for (const { nodeId, pluginName, message } of this.logs) {
      assert.ok(
        nodeId === "attacker" && pluginName === "crash",
        `${nodeId} of ${pluginName} is said to have logged: ${message}`,
      );
    }
    await within(this.#checkBystander(attack.seed), "the bystander");
    checkNumbers(this.#runtime.metrics());
    const { util } = this.#runtime.metrics().plugins;
    const isClean = util === undefined || util.violations + util.crashes === 0;
    assert.ok(isClean, `the victim is said to have done it, ${ending}: ${JSON.stringify(util)}`);
    assert.equal(({} as { polluted?: unknown }).polluted, undefined, "a prototype was polluted");
    return ending;
  }

  /** Violations of the attacker until now. */
  get violations(): number | undefined {
    return this.#runtime.metrics().plugins["crash"]?.violations;
  }

  async close(): Promise<void> {
    await within(this.#runtime.close(), "the runtime");
  }

  async #session(manifest: Manifest, random: Random): Promise<string> {
    let session: Session;
    try {
      session = await this.#runtime.open(manifest);
    } catch (thrown) {
      return this.#checkError(thrown);
    }
    let outputs = 0;
    const reading = (async () => {
      for await (const { data, nodeId } of session) {
        checkRuntimeData(data);
        assert.ok(nodeId === "attacker" || nodeId === "victim");
        outputs += 1;
      }
    })().then(() => undefined, (thrown: unknown) => ({ thrown }));
    const sending = (async () => {
      for (let n = 0; n < COUNT; n++) await session.send(valueOf(n, random));
      if (random.unit() < 0.3) session.flush();
      await session.finish();
    })().then(() => undefined, (thrown: unknown) => ({ thrown }));
    for (let seen = -1; seen !== outputs;) {
      seen = outputs;
      if (await settledWithin(Promise.all([reading, sending]), PATIENCE_MS) !== undefined) break;
    }
    checkNumbers(await session.metrics());
    await session.cancel();
    const [read, sent] = await Promise.all([reading, sending]);
    checkNumbers(await session.metrics());
    if (sent !== undefined) this.#checkError(sent.thrown);
    return read === undefined ? "ended" : this.#checkError(read.thrown);
  }

  /** Whether an error may come of an attack; gives how it is counted. */
  #checkError(thrown: unknown): string {
    if (!StreamrackError.is(thrown)) throw new Error(`what is no error of ours: ${String(thrown)}`, { cause: thrown });
    const { reason, pluginName, message } = thrown;
    assert.ok(REASONS.includes(reason), `${reason}: ${thrown.stack}`);
    assert.ok(message.length < 500_000);
    // The attacker may accuse its victim, but it is told that this is its word.
    const isItsWord = /as "attacker" at its other end says/.test(message);
    if (reason === "protocol-violation" && !isItsWord) {
      assert.equal(pluginName, "crash", `it accuses ${pluginName}: ${thrown.stack}`);
    }
    return reason;
  }

  async #checkBystander(seed: number): Promise<void> {
    await this.#bystander.send(RuntimeData.text(String(seed)));
    const { value } = await this.#answers.next();
    assert.equal(value === undefined ? undefined : RuntimeData.asText(value.data), String(seed));
  }
}

/** Runs rounds with all attacks in turn. */
export async function fuzzMessages(
  { seed, rounds, sharedMemory, attacks = ATTACK_NAMES, onRound = () => {}, onFailure }: {
    readonly seed: number;
    /** Default: all. */
    readonly attacks?: readonly Attack["how"][];
    readonly rounds: number;
    readonly sharedMemory?: boolean;
    onRound?(attack: Attack): void;
    readonly onFailure: (attack: Attack, error: unknown) => void;
  },
): Promise<MessageReport> {
  const report: Record<string, Record<string, number>> = {};
  let rack = await HostileRack.open(sharedMemory);
  for (let n = 0; n < rounds; n++) {
    const attack: Attack = { how: attacks[n % attacks.length]!, seed: seed + n };
    onRound(attack);
    try {
      const ending = await rack.round(attack);
      const endings = report[attack.how] ??= {};
      endings[ending] = (endings[ending] ?? 0) + 1;
    } catch (error) {
      onFailure(attack, error);
      await rack.close();
      rack = await HostileRack.open(sharedMemory);
    }
  }
  await rack.close();
  return report;
}

/** Every number that is shown is one. */
function checkNumbers(value: unknown, path = "metrics"): void {
  if (typeof value === "number") assert.ok(value >= 0 && Number.isFinite(value), `${path} is ${value}`);
  if (typeof value !== "object" || value === null) return;
  for (const [key, member] of Object.entries(value)) checkNumbers(member, `${path}.${key}`);
}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  const settled = await settledWithin(promise.then((value) => ({ value })), END_MS);
  if (settled === undefined) throw new Error(`${what} hangs`);
  return settled.value;
}
