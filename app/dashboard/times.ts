import { html, type Markup } from './markup.ts';

/** Instants and durations for people. Instants are told in UTC, so that a page says the same to everyone. */
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZone: 'UTC',
});
const shortClock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });

const valid = (instant: string): boolean => Number.isFinite(Date.parse(instant));

/** 03:12:40 */
export const clockOf = (instant: string): string => (valid(instant) ? clock.format(new Date(instant)) : instant);

/** 03:12 */
export const minuteOf = (instant: string): string => (valid(instant) ? shortClock.format(new Date(instant)) : instant);

/** 13 Nov 2026 */
export const dayOf = (instant: string): string => (valid(instant) ? day.format(new Date(instant)) : instant);

/** 13 Nov 2026, 16:22 */
export const momentOf = (instant: string): string =>
  valid(instant) ? `${day.format(new Date(instant))}, ${shortClock.format(new Date(instant))}` : instant;

/** The clock alone on the same day, else the date with it. */
export const whenOf = (instant: string, now: string): string =>
  dayOf(instant) === dayOf(now) && valid(instant) ? shortClock.format(new Date(instant)) : momentOf(instant);

export const timeTag = (instant: string, words: string): Markup => html`<time datetime="${instant}">${words}</time>`;

/** 41 s, 18 min, 5 h 12 min, 3 days */
export function durationOf(ms: number): string {
  if (ms < SECOND_MS) return `${(ms / SECOND_MS).toFixed(1)} s`;
  if (ms < MINUTE_MS) return `${Math.round(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return `${Math.round(ms / MINUTE_MS)} min`;
  if (ms < DAY_MS) {
    const minutes = Math.round((ms % HOUR_MS) / MINUTE_MS);
    return minutes === 0 || minutes === 60
      ? `${Math.round(ms / HOUR_MS)} h`
      : `${Math.floor(ms / HOUR_MS)} h ${minutes} min`;
  }
  const days = Math.round(ms / DAY_MS);
  return days === 1 ? '1 day' : `${days} days`;
}

export const elapsedMs = (from: string, to: string): number => Math.max(0, Date.parse(to) - Date.parse(from));

/** The calendar day some days after an instant, as commands write it: 2026-12-01. */
export const dayAfter = (instant: string, days: number): string =>
  new Date((valid(instant) ? Date.parse(instant) : 0) + days * DAY_MS).toISOString().slice(0, 10);
