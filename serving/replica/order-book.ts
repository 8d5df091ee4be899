import { type RevisionOrder, type TableOrder, type ToReplica, keyOf } from './messages.ts';

/**
 * All that a replica is to hold, put together from what changed since it was told last: with hundreds of models, saying everything again for each
 * change would cost more than the change. What did not change is the same object as before.
 */
export class OrderBook {
  readonly #revisions = new Map<string, RevisionOrder>();
  readonly #tables = new Map<string, TableOrder>();

  take({ revisions, unwanted, tables, retired }: Extract<ToReplica, { readonly kind: 'orders' }>): void {
    for (const key of unwanted) this.#revisions.delete(key);
    for (const order of revisions) this.#revisions.set(keyOf(order.model, order.revision), order);
    for (const model of retired) this.#tables.delete(model);
    for (const table of tables) this.#tables.set(table.model, table);
  }

  get revisions(): readonly RevisionOrder[] {
    return [...this.#revisions.values()];
  }

  get tables(): readonly TableOrder[] {
    return [...this.#tables.values()];
  }
}
