import type { Request } from './request.ts';

export interface Delivery {
  readonly id: number;
  readonly guid: string;
  readonly deliveredAt: string;
  readonly statusCode: number;
}

/** The newest hundred tries to bring a webhook, newest first; `request` as the App. */
export async function listDeliveries(request: Request, signal?: AbortSignal): Promise<readonly Delivery[]> {
  const { data } = await request('GET /app/hook/deliveries', { per_page: 100, request: { signal } });
  return data.map(({ id, guid, delivered_at, status_code }) => ({
    id: Number(id),
    guid,
    deliveredAt: delivered_at,
    statusCode: status_code,
  }));
}

/** GitHub brings a webhook again for three days, and never by itself. */
const redeliverableMs = 3 * 24 * 3_600_000;

/** One try of each webhook that never arrived and has not been asked for again. */
export function undelivered(
  deliveries: readonly Delivery[],
  now: Date,
  asked: { has(guid: string): boolean },
): readonly Delivery[] {
  const arrived = new Set(
    deliveries.filter(({ statusCode }) => statusCode >= 200 && statusCode < 300).map(({ guid }) => guid),
  );
  const lost = new Map<string, Delivery>();
  for (const delivery of deliveries) {
    const ageMs = now.getTime() - new Date(delivery.deliveredAt).getTime();
    if (!arrived.has(delivery.guid) && !asked.has(delivery.guid) && ageMs < redeliverableMs)
      lost.set(delivery.guid, delivery);
  }
  return [...lost.values()];
}

export async function redeliver(request: Request, delivery: number, signal?: AbortSignal): Promise<void> {
  await request('POST /app/hook/deliveries/{delivery_id}/attempts', { delivery_id: delivery, request: { signal } });
}
