/**
 * The voices that are compiled into Flite.
 *
 * @module
 */

/** A voice of Flite. All speak English. */
export interface FliteVoice {
  /** Who speaks, in a few words. */
  readonly description: string;
  /** Rate of what it gives, in hertz. */
  readonly sampleRate: number;
}

/** Every voice, by its name. */
export const FLITE_VOICES = {
  slt: { description: "American woman, statistical", sampleRate: 16_000 },
  rms: { description: "American man, statistical", sampleRate: 16_000 },
  awb: { description: "Scottish man, statistical", sampleRate: 16_000 },
  kal16: { description: "American man, diphones: the fastest", sampleRate: 16_000 },
  kal: { description: "the same for telephones", sampleRate: 8_000 },
} as const satisfies { readonly [name: string]: FliteVoice };

/** Name of a voice of Flite. */
export type FliteVoiceName = keyof typeof FLITE_VOICES;

/** The names of all voices; the first is the default. */
export const FLITE_VOICE_NAMES = Object.keys(FLITE_VOICES) as [FliteVoiceName, ...FliteVoiceName[]];
