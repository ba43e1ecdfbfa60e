/**
 * OpenTelemetry, where the application uses it.
 *
 * @module
 */

/** The package, as it is imported. */
export type OpenTelemetry = typeof import("@opentelemetry/api");

/** Where every copy of version 1 of the package finds what the application has registered. */
const REGISTERED = Symbol.for("opentelemetry.js.api.1");

let loading: Promise<OpenTelemetry> | undefined;

/**
 * The API, or nothing while no SDK is registered: a program that does not
 * trace neither loads the package nor waits here.
 *
 * @param load Only tests give another.
 */
export function telemetryApi(load: () => Promise<OpenTelemetry> = importApi): Promise<OpenTelemetry> | undefined {
  return REGISTERED in globalThis ? loading ??= load() : undefined;
}

function importApi(): Promise<OpenTelemetry> {
  return import("@opentelemetry/api");
}
