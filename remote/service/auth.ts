/**
 * Who may call.
 *
 * @module
 */

import { createHash, timingSafeEqual } from "node:crypto";

/**
 * Makes a check of the `authorization` header. Without tokens everybody passes.
 *
 * Hashes are compared, all of them and each in constant time, so that the time
 * tells nothing of the tokens, not even their lengths.
 */
export function createTokenCheck(tokens: readonly string[]): (authorization: string | undefined) => boolean {
  if (tokens.length === 0) return () => true;
  const hashes = tokens.map(hash);
  return (authorization) => {
    const given = /^Bearer ([\x21-\x7e]+)$/i.exec(authorization ?? "")?.[1];
    const givenHash = hash(given ?? "");
    let isKnown = false;
    for (const known of hashes) isKnown = timingSafeEqual(known, givenHash) || isKnown;
    return isKnown && given !== undefined;
  };
}

function hash(token: string): Uint8Array {
  return createHash("sha256").update(token).digest();
}
