import type { Section } from './rubric-test.ts';

export const SECTIONS = ['Data', 'Model', 'Infra', 'Monitor'] as const satisfies readonly Section[];

export const SECTION_NAMES = {
  Data: 'Features and data',
  Model: 'Model development',
  Infra: 'Infrastructure',
  Monitor: 'Monitoring',
} as const satisfies Record<Section, string>;

/** Seven tests of two points. */
export const MOST_POINTS_OF_SECTION = 14;

export interface Score {
  /** Of the lowest section. */
  readonly score: number;
  readonly sections: Readonly<Record<Section, number>>;
  /** The first of the lowest. */
  readonly lowest: Section;
}

export function scoreOf(points: readonly { readonly section: Section; readonly points: number }[]): Score {
  const sumOf = (section: Section): number =>
    points.filter((one) => one.section === section).reduce((sum, one) => sum + one.points, 0);
  const sections = { Data: sumOf('Data'), Model: sumOf('Model'), Infra: sumOf('Infra'), Monitor: sumOf('Monitor') };
  const [lowest] = SECTIONS.toSorted((a, b) => sections[a] - sections[b]);
  return { score: sections[lowest ?? 'Data'], sections, lowest: lowest ?? 'Data' };
}

/** Bands of the 2016 paper, whose 11 belongs to none: counted with 7 to 10. */
const BANDS: readonly { readonly from: number; readonly says: string }[] = [
  { from: 12, says: 'exceptional levels of automated testing and monitoring' },
  { from: 7, says: 'strong levels of automated testing and monitoring, fit for mission-critical systems' },
  { from: 5, says: 'reasonably tested; more of it could be automated' },
  { from: 3, says: 'a first pass at productionisation; more is worth while' },
  { from: 1, says: 'not totally untested; serious holes are possible' },
  { from: 0, says: 'more of a research project than a productionised system' },
];

export function bandOf(score: number): string {
  return BANDS.find(({ from }) => score >= from)?.says ?? '';
}
