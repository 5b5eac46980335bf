import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
import { context, propagation, SpanStatusCode, trace } from '@opentelemetry/api';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

/** Loaded with `--import`: an SDK that appends all spans to SPANS_FILE when it is flushed. */

/** One span, a line of the file. */
export interface RecordedSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId: string | null;
  attributes: Record<string, unknown>;
  failed: boolean;
  ms: number;
  pid: number;
  thread: number;
}

const { SPANS_FILE: file = '' } = process.env;
const NEVER_MS = 2 ** 31 - 1;

const exporter: SpanExporter = {
  export(spans, done) {
    appendFileSync(file, spans.map((span) => `${JSON.stringify(recorded(span))}\n`).join(''));
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- its enum is elsewhere
    done({ code: 0 });
  },
  shutdown: async () => {},
};

function recorded(span: ReadableSpan): RecordedSpan {
  const { traceId, spanId } = span.spanContext();
  return {
    name: span.name,
    traceId,
    spanId,
    parentSpanId: span.parentSpanContext?.spanId ?? null,
    attributes: span.attributes,
    failed: span.status.code === SpanStatusCode.ERROR,
    ms: span.duration[0] * 1000 + span.duration[1] / 1e6,
    pid: process.pid,
    thread: threadId,
  };
}

new NodeTracerProvider({
  spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: NEVER_MS })],
}).register();

interface UndiciRequest {
  addHeader(name: string, value: string): void;
}

// Does what undici's instrumentation does with each request.
subscribe('undici:request:create', (message) => {
  const span = trace.getTracer('undici').startSpan('undici');
  const carrier: Record<string, string> = {};
  propagation.inject(trace.setSpan(context.active(), span), carrier);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- messages have no types
  const { request } = message as { request: UndiciRequest };
  for (const [name, value] of Object.entries(carrier)) request.addHeader(name, value);
  span.end();
});
