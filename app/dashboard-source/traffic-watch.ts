import type { FleetDriver, FleetRecords, ModelStats } from '../../serving/fleet.ts';
import { trafficOf } from '../dashboard/traffic.ts';
import type { ModelView, Traffic } from '../dashboard/views.ts';

export interface TrafficWatch {
  /** Reads every model's statistics; whether anything was asked, or the fleet's shape changed, since the look before. */
  look(now: Date, signal: AbortSignal): Promise<boolean>;
  /** Whether there were two looks, so that rates can be told. */
  isWarm(): boolean;
  withTraffic(view: ModelView): ModelView;
}

interface Look {
  readonly at: number;
  readonly stats: ModelStats;
}

const msPerSecond = 1000;

/** Rates from two looks at cumulative counters. */
export function createTrafficWatch(fleet: Pick<FleetDriver, 'observe'> & Pick<FleetRecords, 'stats'>): TrafficWatch {
  const looks = new Map<string, Look>();
  const rates = new Map<string, Traffic>();
  let shape = '';
  return {
    async look(now, signal) {
      const { models } = await fleet.observe(signal);
      const shapeNow = JSON.stringify(
        models.map(({ model, generation, effective, health }) => [model, generation, effective, health]),
      );
      let isNew = shapeNow !== shape;
      shape = shapeNow;
      for (const { model } of models) {
        const stats = await fleet.stats(model, signal);
        const before = looks.get(model);
        looks.set(model, { at: now.getTime(), stats });
        if (before === undefined) continue;
        const rate = trafficOf(
          before.stats,
          stats,
          (now.getTime() - before.at) / msPerSecond,
          rates.get(model)?.recent,
        );
        isNew ||= rate.requests > 0 || (rates.get(model)?.requests ?? 0) > 0;
        rates.set(model, rate);
      }
      return isNew;
    },
    isWarm: () => rates.size > 0,
    withTraffic(view) {
      const traffic = rates.get(view.model);
      return traffic === undefined ? view : { ...view, traffic };
    },
  };
}
