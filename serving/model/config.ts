/**
 * ONNX Runtime 1.29 and later report usage to Microsoft unless this is set before the native library is loaded.
 * Call it before importing onnxruntime-node.
 */
export function silenceRuntimeTelemetry(): void {
  process.env['ORT_DISABLE_TELEMETRY'] = '1';
}
