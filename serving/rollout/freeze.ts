/** A stretch of every week in which nothing new is rolled out: `{ from: 'Fri 16:00', to: 'Mon 08:00', zone: 'Europe/Berlin' }`. */
export interface FreezeWindow {
  readonly from: string;
  readonly to: string;
  /** An IANA time zone. */
  readonly zone: string;
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
const DAY_MINUTES = 1440;
const WEEK_MINUTES = DAYS.length * DAY_MINUTES;

/** The window that an instant lies in, in words; undefined outside every window. A window's end is outside. */
export function frozenAt(windows: readonly FreezeWindow[], now: Date): { readonly because: string } | undefined {
  const window = windows.find((each) => isWithin(each, now));
  return window && { because: `a freeze window lasts until ${window.to} (${window.zone})` };
}

function isWithin({ from, to, zone }: FreezeWindow, now: Date): boolean {
  const start = minuteOf(from);
  const lengthMinutes = (minuteOf(to) - start + WEEK_MINUTES) % WEEK_MINUTES;
  return (minuteNow(zone, now) - start + WEEK_MINUTES) % WEEK_MINUTES < lengthMinutes;
}

/** Minute of the week of `Fri 16:00`. */
function minuteOf(text: string): number {
  const [, day = '', hour = '', minute = ''] = /^(\w{3}) (\d{1,2}):(\d{2})$/.exec(text) ?? [];
  const index = DAYS.findIndex((each) => each.toLowerCase() === day.toLowerCase());
  if (index === -1) throw new Error(`freeze: '${text}' is not a moment of the week; expected one like 'Fri 16:00'`);
  return index * DAY_MINUTES + Number(hour) * 60 + Number(minute);
}

function minuteNow(zone: string, now: Date): number {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const parts = Object.fromEntries(format.formatToParts(now).map(({ type, value }) => [type, value]));
  return minuteOf(`${parts['weekday']} ${parts['hour']}:${parts['minute']}`);
}
