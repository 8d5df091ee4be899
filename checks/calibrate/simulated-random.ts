import { type SeededRandom, seededRandom } from '../stats/seeded-random.ts';

/** Draws thrown away first: the generator spreads a seed over its whole state only after some steps. */
const WARM_UP = 64;

/** A stream for a name: the same name gives the same numbers on every machine, and two names have nothing to do with each other. */
export function simulatedRandom(name: string): SeededRandom {
  const random = seededRandom(seedOf(name));
  for (let draw = 0; draw < WARM_UP; draw++) random.uniform();
  return random;
}

/** A 32-bit seed. FNV-1a of the name, mixed as in MurmurHash3, so that near names are far apart. */
export function seedOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 0;
}
