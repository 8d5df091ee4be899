import { abort } from './abort.ts';
import { check } from './check.ts';
import type { Command } from './command.ts';
import { helpOn } from './help.ts';
import { history } from './history.ts';
import { pause } from './pause.ts';
import { promote } from './promote.ts';
import { resume } from './resume.ts';
import { retrain } from './retrain.ts';
import { rollback } from './rollback.ts';
import { status } from './status.ts';
import { sync } from './sync.ts';
import { unhold } from './unhold.ts';
import { unwaive } from './unwaive.ts';
import { waive } from './waive.ts';

const listed: readonly Command[] = [
  rollback,
  unhold,
  promote,
  pause,
  resume,
  abort,
  waive,
  unwaive,
  check,
  retrain,
  sync,
  status,
  history,
];

/** Every command there is; `/help` shows them in this order. */
export const commands: readonly Command[] = [...listed, helpOn(listed)];
