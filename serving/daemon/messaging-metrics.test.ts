import { expect, test } from 'vitest';
import { NO_MESSAGES } from '../messaging/messaging-report.ts';
import { MESSAGING_METRICS } from './messaging-metrics.ts';
import { expositionText } from './metric.ts';

const fleet = { models: [{ model: 'loans' }, { model: 'quiet' }] };

test('a fleet without a bus tells no sample of it', () => {
  const lines = expositionText(MESSAGING_METRICS, { fleet }).split('\n');
  expect(lines.filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
});

test('what waits on the bus is what some replica saw of it, for the models of this fleet alone', () => {
  const process = (id: string, connected: boolean, waiting: number) => ({
    id,
    role: 'public',
    report: {
      connected,
      totals: NO_MESSAGES,
      pending: { loans: { waiting, underWay: 2 }, elsewhere: { waiting: 9, underWay: 9 } },
    },
  });
  const text = expositionText(MESSAGING_METRICS, {
    fleet,
    messaging: { totals: { ...NO_MESSAGES, dead: 3 }, processes: [process('1', true, 7), process('2', false, 5)] },
  });
  expect(text).toContain('\nslipway_async_pending{model="loans"} 7\n');
  expect(text).toContain('\nslipway_async_under_way{model="loans"} 2\n');
  expect(text).toContain('\nslipway_async_dead_total 3\n');
  expect(text).toContain('slipway_nats_connected{replica="2",role="public"} 0\n');
  expect(text).not.toContain('elsewhere');
  expect(text).not.toContain('quiet');
});
