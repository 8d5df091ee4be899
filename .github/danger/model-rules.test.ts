import { describe, expect, test } from 'vitest';
import { type ModelChange, modelRules } from './model-rules.ts';

const nothing: ModelChange = {
  description: 'Gradient boosting on five more columns.',
  hasDescription: true,
  files: [],
  manifests: [],
};
const manifest = (version: string, sha256: string, rest = ''): string =>
  `name: income\nversion: ${version}\nartifact: { uri: model.onnx, sha256: ${sha256} }\n${rest}`;
const messages = (change: Partial<ModelChange>): readonly string[] =>
  modelRules({ ...nothing, ...change }).map(({ kind, message }) => `${kind}: ${message}`);

describe('the rules for model pull requests', () => {
  test('a pull request without models gets no remark', () => {
    expect(messages({ files: [{ path: 'README.md', sizeBytes: 1 }], description: '' })).toEqual([]);
  });
  test('two models in one pull request get a warning that names both', () => {
    const files = ['models/income/model.yaml', 'models/churn/model.yaml'].map((path) => ({ path, sizeBytes: 1 }));
    expect(messages({ files })).toEqual([expect.stringMatching(/^warn: .*income, churn/)]);
  });
  test('a blob above 10 MB fails, one of 10 MB does not', () => {
    const file = (sizeBytes: number) => messages({ files: [{ path: 'models/income/model.onnx', sizeBytes }] });
    expect(file(10 * 1024 * 1024)).toEqual([]);
    expect(file(10 * 1024 * 1024 + 1)).toEqual([expect.stringMatching(/^fail: .*10\.0 MB/)]);
  });
  test('an empty description gets a warning, comments of the template do not count', () => {
    const files = [{ path: 'models/income/model.yaml', sizeBytes: 1 }];
    expect(messages({ files, description: '<!-- A model? Say what it decides -->\n' })).toEqual([
      expect.stringMatching(/^warn: No description/),
    ]);
    expect(messages({ files, description: '', hasDescription: false })).toEqual([]);
  });
  test('a changed artifact under the same version fails', () => {
    const change = (version: string) =>
      messages({
        manifests: [
          { path: 'models/income/model.yaml', before: manifest('1.0.0', 'aa'), after: manifest(version, 'bb') },
        ],
      });
    expect(change('1.0.0')).toEqual([expect.stringMatching(/^fail: .*"1.0.0"/)]);
    expect(change('1.1.0')).toEqual([]);
  });
  test('training and margins that change together get a warning, either alone does not', () => {
    const source = (seed: number, margin: number) =>
      manifest(
        '1',
        'aa',
        `reproducibility: { training: { seed: ${seed} } }\nevaluation: { metrics: [{ name: roc_auc, margin: ${margin} }] }\n`,
      );
    const change = (seed: number, margin: number) =>
      messages({
        manifests: [{ path: 'models/income/model.yaml', before: source(1, 0.01), after: source(seed, margin) }],
      });
    expect(change(2, 0.02)).toEqual([expect.stringMatching(/^warn: .*cannot be told apart/)]);
    expect(change(2, 0.01)).toEqual([]);
    expect(change(1, 0.02)).toEqual([]);
  });
});
