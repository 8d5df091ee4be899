import { ModelRefused, openSession, type ModelSession, type SessionOptions } from './session.ts';
import type { Tensor, TensorDeclaration } from './tensor.ts';

/**
 * A feature graph and the model behind it as one session: the feature graph's outputs feed the model's inputs by name, and what it does not
 * make the caller feeds, so that analysis and production run the very same feature code.
 */
export async function openPipeline(model: SessionOptions, features?: SessionOptions): Promise<ModelSession> {
  if (features === undefined) return openSession(model);
  const first = await openSession(features);
  try {
    return joinSessions(first, await openSession(model));
  } catch (error) {
    await first.close();
    throw error;
  }
}

function joinSessions(features: ModelSession, model: ModelSession): ModelSession {
  const made = new Set(features.outputs.map(({ name }) => name));
  const taken = features.inputs.map(({ name }) => name);
  const unmade = model.inputs.filter(({ name }) => !made.has(name) && !taken.includes(name));
  const feeding = features.outputs
    .map(({ name }) => name)
    .filter((name) => model.inputs.some((input) => input.name === name));
  if (feeding.length === 0)
    throw new ModelRefused(
      `the feature graph makes ${namesOf(features.outputs)}, and none of them is an input of the model, which takes ${namesOf(model.inputs)}`,
      'Give the outputs of the feature graph the names of the inputs they feed.',
    );
  const inputs: readonly TensorDeclaration[] = [...features.inputs, ...unmade];

  const run: ModelSession['run'] = async (feeds, fetches) => {
    const computed = await features.run(feeds, feeding);
    const modelFeeds = new Map<string, Tensor>();
    for (const { name } of model.inputs) {
      const tensor = computed.get(name) ?? feeds.get(name);
      if (tensor !== undefined) modelFeeds.set(name, tensor);
    }
    return model.run(modelFeeds, fetches);
  };
  const close = async (): Promise<void> => {
    await Promise.all([features.close(), model.close()]);
  };
  return { inputs, outputs: model.outputs, loadMs: features.loadMs + model.loadMs, run, close };
}

function namesOf(declarations: readonly TensorDeclaration[]): string {
  return declarations.map(({ name }) => `"${name}"`).join(', ');
}
