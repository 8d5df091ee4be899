import type { SoakResult } from './bench-report.ts';

/** The section of docs/performance.md about the soak. */
export function soakSection(soak: SoakResult | undefined): readonly string[] {
  if (soak === undefined) return ['## Soak', '', 'Not run yet: `npm run soak -- --write`.'];
  const { at, minutes, capacityPerSecond, ratePerSecond, answered, failed, p50Ms, p99Ms, happenings, processes } = soak;
  const count = (number: number): string => Math.round(number).toLocaleString('en');
  return [
    '## Soak',
    '',
    `${at.slice(0, 16).replace('T', ' ')} UTC, ${minutes} minutes at ${count(ratePerSecond)} requests/s, ${((100 * ratePerSecond) / capacityPerSecond).toFixed(0)} % of a capacity of ${count(capacityPerSecond)}: records, V2 JSON, binary tensors, gRPC and`,
    `malformed requests, in an open loop. ${count(answered)} answered as they should, ${count(failed)} not${soak.lostWithReplica === 0 ? '' : ` and ${count(soak.lostWithReplica)} lost with the replica that was killed`}${failed === 0 ? '' : ` (${soak.failures.join('; ')})`}; p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms.`,
    ...(happenings.length === 0 ? [] : ['', ...happenings.map((happening) => `- ${happening}`)]),
    '',
    '| process | at the start, MB | peak | at the end | slope over the last half, MB an hour (99 % interval) | climbs |',
    '|---|--:|--:|--:|--:|---|',
    ...processes.map(({ name, startMegabytes, peakMegabytes, endMegabytes, slope, interval, climbs }) => {
      const [start, peak, end] = [startMegabytes, peakMegabytes, endMegabytes].map((megabytes) => megabytes.toFixed(0));
      const judged =
        slope === undefined || interval === undefined
          ? 'not there for all of it | –'
          : `${slope.toFixed(1)} (${interval[0].toFixed(1)} to ${interval[1].toFixed(1)}) | ${climbs ? '**yes**' : 'no'}`;
      return `| ${name} | ${start} | ${peak} | ${end} | ${judged} |`;
    }),
  ];
}
