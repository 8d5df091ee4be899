import type { ObservedModel } from '../../serving/fleet.ts';
import { type Markup, ownMarkup } from './markup.ts';
import { revisionOf } from './model-state.ts';
import { shortDigest, weightOf } from './numbers.ts';
import { escaped } from '../drawings/svg.ts';

const WIDTH = 144;
const HEIGHT = 8;
const GAP = 2;

const shares = (observed: ObservedModel): readonly { readonly version: string; readonly weight: number }[] =>
  observed.effective
    .filter(({ weight }) => weight > 0)
    .map(({ revision, weight }) => ({
      version: revisionOf(observed, revision)?.version ?? shortDigest(revision),
      weight,
    }));

/** `75 % 1.0.0 · 25 % 2.0.1`: the shares that requests really get. */
export const splitWords = (observed: ObservedModel): string =>
  shares(observed).length === 0
    ? 'no traffic'
    : shares(observed)
        .map(({ version, weight }) => `${weightOf(weight)} ${version}`)
        .join(' · ');

/** One bar a model: grey when one revision has everything, grey and ink when two share it. */
export function splitBar(observed: ObservedModel): Markup {
  const parts = shares(observed);
  let x = 0;
  const bars = parts.map(({ weight }, index) => {
    const width = (weight / 100) * WIDTH;
    const className = parts.length === 1 ? 'one' : index === 0 ? 'stable' : 'new';
    const bar = `<rect class="${className}" x="${x.toFixed(1)}" width="${Math.max(1, width - (index < parts.length - 1 ? GAP : 0)).toFixed(1)}" height="${HEIGHT}"/>`;
    x += width;
    return bar;
  });
  return ownMarkup(
    `<svg class="split" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${escaped(splitWords(observed))}">${bars.join('')}</svg>`,
  );
}
