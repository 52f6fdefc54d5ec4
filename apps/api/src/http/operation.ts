import type { KeyScope } from '@chorus/protocol';
import type { z } from 'zod';
import {
  type Access,
  type AccessServices,
  authorizer,
  SENDER_PARAMETERS,
} from '../auth/callers/authenticate.js';
import { answerOnce, callerOf, type Once } from '../idempotency/answer-once.js';
import type { StoredAnswers } from '../idempotency/stored-answers.js';
import type { Context, Handler } from './context.js';
import { parseInput, refuseUnknown } from './input.js';
import { JsonText } from './json-text.js';
import { jsonBody } from './middleware/json-body.js';

export type SuccessStatus = 200 | 201 | 202 | 204;
export type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 410 | 413 | 415 | 422 | 426 | 429 | 503;

/** Declaration of an operation: used for routing, for validating input and for the OpenAPI document. */
export interface Declaration<
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  B extends z.ZodType = z.ZodType,
  A extends z.ZodType = z.ZodType,
> {
  /** Unique id of the operation. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
  /** What API keys need for it. Default: they may not use it. */
  readonly scope?: KeyScope;
  /** Whether the audit counts uses by API keys instead of storing each: for what programs do many times a second. */
  readonly counted?: true;
  /** Whether the access list is asked what the user is in the room of the path, too: see `RequestState.inRoom`. */
  readonly mirrored?: true;
  /**
   * For a handler that only reads, and changes nothing but what it returns: it runs while the access list is asked. What it found is dropped
   * if the sender is refused.
   */
  readonly concurrent?: true;
  /** Schema of the path parameters. */
  readonly params?: P;
  readonly query?: Q;
  /** A route of the original service. It ignores unknown query parameters; other routes refuse them. */
  readonly original?: true;
  /** Schema of the JSON body; without it the body is not read. */
  readonly body?: B;
  /** Size of the largest body, in KiB. Default: 64. */
  readonly bodyKiB?: number;
  /** Whether the request may have an `Idempotency-Key`: then {@link Input.once} stores the answer with what it creates. */
  readonly idempotent?: true;
  readonly answer: {
    readonly status: SuccessStatus;
    readonly description: string;
    /** Schema of the response body; without it there is none. */
    readonly body?: A;
    readonly headers?: Readonly<Record<string, string>>;
  };
  /** Reasons of failures by status, besides those of access, input and HTTP itself. */
  readonly errors?: Readonly<Partial<Record<ErrorStatus, string>>>;
}

/** What every operation needs. */
export interface OperationServices extends AccessServices {
  readonly answers: StoredAnswers;
}

/** One operation of the API, for a kind of services. */
export interface Operation<S> {
  readonly declaration: Declaration;
  readonly handler: (services: S & OperationServices) => Handler;
}

interface Input<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType> {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
  /** Undefined for a request without an `Idempotency-Key`, and for operations that are not `idempotent`. */
  readonly once: Once | undefined;
}

type Act<I, R> = (ctx: Context, input: I) => Promise<R> | R;

/**
 * Creates an operation from its declaration and its handler. The handler gets validated input of an admitted sender,
 * and returns the body of the response.
 */
export function operation<
  S,
  A extends z.ZodType = z.ZodVoid,
  P extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Q extends z.ZodObject = z.ZodObject<Record<never, never>>,
  B extends z.ZodType = z.ZodUndefined,
>(
  declaration: Declaration<P, Q, B, A>,
  start: (services: S) => Act<Input<P, Q, B>, z.input<A> | JsonText<z.input<A>>>,
): Operation<S> {
  const { id, access, scope, mirrored = false, idempotent = false, answer } = declaration;
  const handler = (services: S & OperationServices): Handler => {
    const act = start(services);
    const { identify, allow } = authorizer(access, scope, services, mirrored);
    const read = inputReader(declaration);
    return async (ctx) => {
      // Authentication comes first: an unauthenticated client learns nothing about its input, and its body is not
      // read.
      const admission = await identify(ctx);
      const params = read.params(ctx);
      const run = async () => {
        const input = { params, query: read.query(ctx), body: read.body(ctx) };
        if (!idempotent) return act(ctx, { ...input, once: undefined });
        const request = { caller: callerOf(ctx.state), operation: id, input };
        return answerOnce(ctx, services.answers, request, async (once) => act(ctx, { ...input, once }));
      };
      ctx.state.roomId = roomIn(params);
      const allowed = allow(admission, ctx.state.roomId);
      const early = declaration.concurrent ? run() : undefined;
      // Refused senders learn nothing else.
      early?.catch(() => {});
      ctx.state.inRoom = await allowed;
      await read.json(ctx);
      const body = await (early ?? run());
      ctx.status = answer.status;
      if (body instanceof JsonText) {
        ctx.type = 'json';
        ctx.body = body.text;
      } else if (body !== undefined) ctx.body = body;
    };
  };
  return { declaration, handler };
}

/** Returns a function that reads each part of the input. A body without a schema is ignored. */
function inputReader<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType>({
  access,
  params,
  query,
  original,
  body,
  bodyKiB,
}: Declaration<P, Q, B>) {
  const json = body === undefined ? undefined : jsonBody(bodyKiB);
  const known = new Set([
    ...Object.keys(query?.shape ?? {}),
    ...(access === 'rooms' ? SENDER_PARAMETERS : []),
  ]);
  return {
    params: (ctx: Context) => parsed(params, ctx.params),
    query: (ctx: Context) => {
      if (!original) refuseUnknown(ctx.query, known);
      return parsed(query, query && ctx.query);
    },
    json: (ctx: Context) => json?.(ctx, DONE),
    body: (ctx: Context) => parsed(body, body && ctx.request.body),
  };
}

const DONE = async (): Promise<void> => {};

/** Without a schema, T allows no value. */
function parsed<T extends z.ZodType>(schema: T | undefined, input: unknown): z.output<T> {
  return schema === undefined ? (undefined as z.output<T>) : parseInput(schema, input);
}

function roomIn(params: unknown): number | undefined {
  if (typeof params !== 'object' || params === null || !('roomId' in params)) return undefined;
  return typeof params.roomId === 'number' ? params.roomId : undefined;
}
