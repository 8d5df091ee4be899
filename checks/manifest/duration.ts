const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
type Unit = keyof typeof unitMs;

function isUnit(text: string): text is Unit {
  return Object.hasOwn(unitMs, text);
}

/** `10m` → 600000; undefined for what is no duration (the schema refuses that before). */
export function durationMs(text: string): number | undefined {
  const match = /^(\d{1,6})([a-z]{1,2})$/.exec(text);
  const [, count, unit] = match ?? [];
  if (count === undefined || unit === undefined || !isUnit(unit)) return undefined;
  return Number(count) * unitMs[unit];
}

/** The shortest exact way to write it: 600000 → `10m`. */
export function durationText(ms: number): string {
  const units = ['w', 'd', 'h', 'm', 's'] as const;
  const unit = units.find((candidate) => ms >= unitMs[candidate] && ms % unitMs[candidate] === 0);
  return unit === undefined ? `${ms}ms` : `${ms / unitMs[unit]}${unit}`;
}
