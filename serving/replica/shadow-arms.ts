import { stableArm } from './assign.ts';
import type { Call, Reply } from './call.ts';
import { CopySender } from './copy-sender.ts';
import type { ArmCounter } from './counters.ts';
import type { TableOrder } from './messages.ts';
import { OVERRIDE_HEADER } from './override.ts';
import { isRelayedToStable } from './relayed-role.ts';
import { type Arm, type Table, leaseLive } from './table.ts';

/** An arm that gets copies, with the way to its process. */
export interface ShadowArm {
  readonly revision: string;
  readonly leased: boolean;
  readonly sender: CopySender;
}

/** The ways to the processes of shadow arms: opened and closed as the tables say. */
export class ShadowArms {
  readonly #counter: (model: string, revision: string) => ArmCounter;
  readonly #senders = new Map<string, CopySender>();

  constructor(counter: (model: string, revision: string) => ArmCounter) {
    this.#counter = counter;
  }

  follow(tables: readonly TableOrder[]): void {
    const wanted = new Map(
      tables.flatMap(({ model, arms }) =>
        arms.flatMap(({ shadow, sockets: [socket] = [], revision }) =>
          shadow === true && socket !== undefined ? [[socket, { model, revision }] as const] : [],
        ),
      ),
    );
    for (const [socket, sender] of this.#senders)
      if (!wanted.has(socket)) {
        this.#senders.delete(socket);
        sender.close();
      }
    for (const [socket, { model, revision }] of wanted)
      if (!this.#senders.has(socket))
        this.#senders.set(socket, new CopySender(socket, this.#counter(model, revision).side));
  }

  of({ arms }: TableOrder): readonly ShadowArm[] {
    return arms.flatMap(({ shadow, sockets: [socket] = [], revision, leased }) => {
      const sender = shadow === true && socket !== undefined ? this.#senders.get(socket) : undefined;
      return sender === undefined ? [] : [{ revision, leased, sender }];
    });
  }
}

/**
 * Hands a copy of what the stable arm answered to the model's shadow arms: in the process that ran it, which knows its scores. Requests that named their
 * arm or version are not copied: they are no sample of the traffic.
 */
export function copyToShadows(table: Table, arm: Arm, call: Call, reply: Reply): void {
  if (arm.loaded === undefined || call.version !== undefined || call.headers[OVERRIDE_HEADER] !== undefined) return;
  if (call.relayed ? !isRelayedToStable(call) : arm !== stableArm(table.arms)) return;
  const { at, id, model, protocol, body } = call;
  for (const { revision, leased, sender } of table.shadows) {
    if (leased && !leaseLive(table, at)) continue;
    sender.send(
      {
        at,
        id,
        model,
        revision,
        protocol,
        body,
        champion: arm.revision,
        rows: reply.rows,
        ...(reply.scores === undefined ? {} : { scores: reply.scores }),
      },
      arm.loaded.score,
    );
  }
}
