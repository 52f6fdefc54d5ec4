import type uWS from 'uWebSockets.js';
import type { HttpAnswer, HttpRequest } from './transport.js';

/**
 * Headers that the gateway reads. If a header occurs several times the first one counts, as everywhere in the library,
 * unless it is a list: then the values are joined in order, as Node.js does. Proxies may append a header of their own,
 * and HTTP/2 proxies may split cookies.
 */
const HEADERS: ReadonlyMap<string, string | undefined> = new Map([
  ['authorization', undefined],
  ['connection', ', '],
  ['content-length', ', '],
  ['cookie', '; '],
  ['host', undefined],
  ['origin', ', '],
  ['sec-websocket-key', ', '],
  ['sec-websocket-protocol', ', '],
  ['sec-websocket-version', ', '],
  ['traceparent', undefined],
  ['tracestate', ', '],
  ['transfer-encoding', ', '],
  ['upgrade', ', '],
  ['x-forwarded-for', ', '],
  ['x-forwarded-host', ', '],
  ['x-forwarded-proto', ', '],
  ['x-request-id', undefined],
]);

/** Copies a request, which the library invalidates when its handler returns. */
export function copyRequest(request: uWS.HttpRequest, response: uWS.HttpResponse): HttpRequest {
  const headers = new Map<string, string>();
  request.forEach((name, value) => {
    if (!HEADERS.has(name)) return;
    const before = headers.get(name);
    const separator = HEADERS.get(name);
    if (before === undefined) headers.set(name, value);
    else if (separator !== undefined) headers.set(name, `${before}${separator}${value}`);
  });
  return {
    method: request.getCaseSensitiveMethod(),
    path: request.getUrl(),
    query: new URLSearchParams(request.getQuery()),
    remoteAddress: remoteAddressOf(response),
    header: (name) => headers.get(name) || undefined,
  };
}

/** Address of the connection itself, which may be that of a proxy. */
export function remoteAddressOf(response: uWS.HttpResponse): string {
  return Buffer.from(response.getRemoteAddressAsText()).toString('latin1');
}

const STATUS_TEXT: Readonly<Record<number, string>> = {
  200: '200 OK',
  400: '400 Bad Request',
  401: '401 Unauthorized',
  403: '403 Forbidden',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  426: '426 Upgrade Required',
  429: '429 Too Many Requests',
  500: '500 Internal Server Error',
  503: '503 Service Unavailable',
};

/** Answers, and closes the connection: kept open it would hold a descriptor. */
export function writeAnswer(response: uWS.HttpResponse, answer: HttpAnswer, request: HttpRequest): void {
  response.cork(() => {
    response.writeStatus(STATUS_TEXT[answer.status] ?? String(answer.status));
    response.writeHeader('Content-Type', 'application/json; charset=utf-8');
    response.writeHeader('Cache-Control', 'no-store');
    for (const [name, value] of Object.entries(answer.headers ?? {})) response.writeHeader(name, value);
    const body = JSON.stringify(answer.body);
    if (request.method === 'HEAD') response.endWithoutBody(Buffer.byteLength(body), true);
    else response.end(body, true);
  });
}
