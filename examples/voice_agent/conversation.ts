/**
 * A conversation with the agent that may be interrupted: who speaks while the
 * agent does is listened to, and what the agent had to say is dropped.
 *
 * @module
 */

import { type AudioData, RuntimeData, type Session, type SessionOutput } from "@streamrack/core";

/** What the agent speaks with. */
export interface Speaker {
  /** Whether something of what it was given is still to be heard. */
  readonly isPlaying: boolean;
  /** Plays behind what it was given before. Returns at once. */
  play(audio: AudioData): void;
  /** Is silent at once, and forgets what was not heard yet. */
  stop(): void;
}

/** What an application may show. Times are those of the microphone, in microseconds. */
export type Happening =
  | { readonly kind: "speech-start" | "speech-end" | "interruption"; readonly timestampUs: number }
  | { readonly kind: "understood" | "sentence"; readonly text: string };

/** How long audio of the microphone is kept, to be heard again after an interruption. */
const KEPT_US = 10_000_000;

/** Connects a microphone and a speaker with a session of the agent. */
export class Conversation {
  readonly #session: Session;
  readonly #speaker: Speaker;
  readonly #onHappening: (happening: Happening) => void;
  /** The latest chunks of the microphone. */
  readonly #heard: AudioData[] = [];
  /** Which of them is to be sent next. */
  #next = 0;
  /** Since when the user speaks. */
  #userSinceUs: number | undefined;

  constructor(session: Session, speaker: Speaker, onHappening: (happening: Happening) => void = () => {}) {
    this.#session = session;
    this.#speaker = speaker;
    this.#onHappening = onHappening;
  }

  /**
   * Takes the next chunk of the microphone, which has a timestamp. To be called
   * for one after the other, also while nobody speaks: without silence, no
   * utterance ends.
   */
  async hear(chunk: AudioData): Promise<void> {
    this.#heard.push(chunk);
    while (this.#next < this.#heard.length) {
      // An interruption meanwhile turns `#next` back.
      const next = this.#heard[this.#next++] as AudioData;
      await this.#session.send(next, { copy: true });
    }
    while (endUs(chunk) - startUs(this.#heard[0] as AudioData) > KEPT_US) {
      this.#heard.shift();
      this.#next -= 1;
    }
  }

  /** Follows the agent until its session ends. */
  async follow(): Promise<void> {
    for await (const output of this.#session) this.#take(output);
  }

  #take({ nodeId, port, data }: SessionOutput): void {
    if (nodeId === "vad" && port === "events") {
      const { event, timestampUs } = RuntimeData.asJson(data) as unknown as SpeechEvent;
      this.#onHappening({ kind: event, timestampUs });
      this.#userSinceUs = event === "speech-start" ? timestampUs : undefined;
      if (event === "speech-start" && this.#speaker.isPlaying) this.#interrupt(timestampUs);
    } else if (nodeId === "tts") {
      // An answer to what was said before, while the user speaks on.
      if (this.#userSinceUs !== undefined) return this.#interrupt(this.#userSinceUs);
      this.#onHappening({ kind: "sentence", text: String(data.metadata?.["sentence"] ?? "") });
      this.#speaker.play(RuntimeData.asAudio(data));
    } else if (nodeId === "asr" && port === "out") {
      this.#onHappening({ kind: "understood", text: RuntimeData.asText(data) });
    }
  }

  #interrupt(timestampUs: number): void {
    this.#speaker.stop();
    // From here on, nothing of the answer comes out, wherever in the pipeline it was.
    this.#session.flush();
    // What the user has said so far was under way as well, and is heard again from its beginning.
    this.#userSinceUs = undefined;
    const first = this.#heard.findIndex((chunk) => endUs(chunk) > timestampUs);
    if (first !== -1) this.#next = Math.min(this.#next, first);
    this.#onHappening({ kind: "interruption", timestampUs });
  }
}

interface SpeechEvent {
  readonly event: "speech-start" | "speech-end";
  readonly timestampUs: number;
}

function startUs({ timestampUs = 0 }: AudioData): number {
  return timestampUs;
}

function endUs(chunk: AudioData): number {
  return startUs(chunk) + chunk.samples.length / chunk.channels / chunk.sampleRate * 1e6;
}
