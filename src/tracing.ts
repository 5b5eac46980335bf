import {
  context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Span,
  type SpanContext,
  type TracerProvider,
} from '@opentelemetry/api';

/**
 * Traces through OpenTelemetry's API. Without an SDK a span only carries its parent: nothing is
 * recorded, and a caller's trace passes through to the services that are called.
 */
const tracer = trace.getTracer('ollagraph');
/**
 * The API's placeholder without an SDK. It is never asked for spans: that would cost more than
 * everything that a delivery needs them for.
 */
const NO_SDK = new ProxyTracerProvider().getDelegate();
/** Limit of the last export of a process or a thread. */
const FLUSH_MS = 3000;
/** The defined flags: sampled, and random trace id. */
const KNOWN_FLAGS = 0x03;

export { SpanKind, type Span };

export interface SpanOptions {
  /** The `traceparent` of the parent span, which may belong to another process. */
  parent: string | null;
  kind?: SpanKind;
  attributes?: Attributes;
  startTime?: Date;
}

/** Begins a span, which the caller ends. */
export function startSpan(name: string, { parent, ...options }: SpanOptions): Span {
  const from = parseTraceparent(parent);
  if (sdk() === null) return trace.wrapSpanContext(from ?? INVALID_SPAN_CONTEXT);
  return tracer.startSpan(name, options, from ? trace.setSpanContext(ROOT_CONTEXT, from) : ROOT_CONTEXT);
}

/**
 * Begins the span of a request, under an HTTP instrumentation's where one is loaded, else under the
 * caller's `traceparent`.
 */
export function startRequestSpan(
  name: string,
  traceparent: string | undefined,
  attributes: Attributes,
): Span {
  const outer = traceparentOf(trace.getActiveSpan());
  const kind = outer === null ? SpanKind.SERVER : SpanKind.INTERNAL;
  return startSpan(name, { parent: outer ?? traceparent ?? null, kind, attributes });
}

/** Does `work` in a span, which ends with it and has failed when it throws. */
export function inSpan<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  const span = startSpan(name, options);
  return sdk() === null ? work(span) : record(span, work);
}

async function record<T>(span: Span, work: (span: Span) => Promise<T>): Promise<T> {
  try {
    return await within(span, () => work(span));
  } catch (error) {
    markFailed(span);
    throw error;
  } finally {
    span.end();
  }
}

/**
 * Calls `work` with the span as the parent of whatever instrumentations see, the database's for
 * one.
 */
export function within<T>(span: Span, work: () => T): T {
  return sdk() === null ? work() : context.with(trace.setSpan(context.active(), span), work);
}

export function markFailed(span: Span): void {
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/**
 * The `traceparent` header (W3C Trace Context) that makes other spans children of this one. Null
 * where there is no trace.
 */
export function traceparentOf(span: Span | undefined): string | null {
  const spanContext = span?.spanContext();
  if (!spanContext || !isSpanContextValid(spanContext)) return null;
  const flags = (spanContext.traceFlags & KNOWN_FLAGS).toString(16).padStart(2, '0');
  return `00-${spanContext.traceId}-${spanContext.spanId}-${flags}`;
}

const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/**
 * Reads a `traceparent` by W3C Trace Context: a later version may have more fields. Null if it is
 * not valid.
 */
function parseTraceparent(header: string | null): SpanContext | null {
  const [, version, traceId, spanId, flags, more] = TRACEPARENT.exec(header ?? '') ?? [];
  if (!traceId || !spanId || !flags || (version === '00' && more !== undefined)) return null;
  const found = { traceId, spanId, traceFlags: parseInt(flags, 16) & KNOWN_FLAGS, isRemote: true };
  return isSpanContextValid(found) ? found : null;
}

/**
 * Exports what the SDK has gathered, if one is loaded. In a worker thread nothing else does. Never
 * throws.
 */
export async function flushSpans(): Promise<void> {
  const provider: object | null = sdk();
  if (!provider || !('forceFlush' in provider) || typeof provider.forceFlush !== 'function') return;
  const late = new Promise((resolve) => setTimeout(resolve, FLUSH_MS).unref());
  await Promise.race([Promise.resolve(provider.forceFlush()).catch(() => undefined), late]);
}

/** The provider of the SDK that is loaded, or null. */
function sdk(): TracerProvider | null {
  const provider = trace.getTracerProvider();
  const behind = provider instanceof ProxyTracerProvider ? provider.getDelegate() : provider;
  return behind === NO_SDK ? null : behind;
}
