import type { Manifest } from './manifest.ts';

const MB = 2 ** 20;

/** How much of a model's answers each replica keeps; undefined: nothing. */
export function cacheBytesOf({ serving }: Pick<Manifest, 'serving'>): number | undefined {
  return serving.cacheMb === undefined ? undefined : serving.cacheMb * MB;
}
