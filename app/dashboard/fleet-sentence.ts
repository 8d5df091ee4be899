import { modelStateOf, type ModelStateName, requestsPerSecond } from './model-state.ts';
import { capitalised, ratePhrase, wordOf } from './numbers.ts';
import { clockOf } from './times.ts';
import type { FleetView, ModelView } from './views.ts';

/** The first line of the fleet's page: whoever reads only this knows whether to read on. */
export function fleetSentence(view: FleetView, { withRate = true }: { readonly withRate?: boolean } = {}): string {
  if (view.unreachable !== undefined) {
    return `The fleet cannot be reached since ${clockOf(view.unreachable.since)}; what stands here was seen at ${clockOf(view.at)}.`;
  }
  const { models } = view;
  if (models.length === 0) return 'No model is deployed yet.';
  const namesOf = (...states: readonly ModelStateName[]): readonly string[] =>
    models.filter((model) => states.includes(modelStateOf(model).state)).map(({ model }) => model);
  const failing = namesOf('failing');
  const looking = namesOf('drifted', 'held', 'drifted away');
  const rolling = namesOf('rolling');
  if (failing.length > 0)
    return `${countIs(failing, 'failing')}.${looking.length === 0 ? '' : ` ${moreNeedALook(looking.length)}`}`;
  if (looking.length > 0) return needsALook(models, looking);
  const rest = models.length - rolling.length;
  const rate = withRate ? `; ${ratePhrase(totalRate(models))}` : '';
  if (rolling.length === 0)
    return `${models.length === 1 ? `${models[0]?.model ?? ''} is` : `All ${wordOf(models.length)} models are`} in sync${rate}.`;
  const others =
    rest === 0 ? '' : `; ${rest === 1 ? 'the other model is' : `the other ${wordOf(rest)} models are`} in sync`;
  return `${countIs(rolling, 'rolling')}${others}${rate}.`;
}

export const totalRate = (models: readonly ModelView[]): number =>
  models.reduce((sum, model) => sum + requestsPerSecond(model), 0);

const countIs = (names: readonly string[], what: string): string =>
  names.length === 1
    ? `One model is ${what}: ${names.join(', ')}`
    : `${capitalised(wordOf(names.length))} models are ${what}: ${listed(names)}`;

const moreNeedALook = (count: number): string =>
  `${capitalised(wordOf(count))} more ${count === 1 ? 'needs' : 'need'} a look.`;

function needsALook(models: readonly ModelView[], names: readonly string[]): string {
  const [only] = names;
  if (names.length > 1 || only === undefined)
    return `${capitalised(wordOf(names.length))} models need a look: ${listed(names)}.`;
  const model = models.find((some) => some.model === only);
  const state = model === undefined ? undefined : modelStateOf(model);
  return state === undefined
    ? ''
    : `One model needs a look: ${only} ${state.state === 'drifted' || state.state === 'drifted away' ? 'has' : 'is'} ${state.state}${/^(by|at) /.test(state.cause) ? ' ' : ', '}${state.cause}.`;
}

const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
