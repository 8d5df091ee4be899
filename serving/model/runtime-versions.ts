/**
 * What the pinned ONNX Runtime takes, as measured with it (runtime-versions.test.ts loads a model on each side of every limit, so that a newer
 * runtime shows here first): older opsets "may run depending upon legacy support", newer ones and newer file formats are refused.
 */
export const runtimeVersions = { oldestOpset: 7, newestOpset: 26, newestIr: 13 } as const;
