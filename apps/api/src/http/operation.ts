import type { z } from 'zod';
import { type Access, type AccessServices, door, SENDER_PARAMETERS } from '../auth/authenticate.js';
import type { Context, Handler } from './context.js';
import { parseInput, refuseUnknown } from './input.js';
import { jsonBody } from './middleware/json-body.js';

export type SuccessStatus = 200 | 201 | 204;
export type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 413 | 415 | 426 | 429 | 503;

/**
 * What an operation takes and answers: what it is registered with, what its input is checked by, and what the API's
 * document says of it.
 */
export interface Declaration<
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  B extends z.ZodType = z.ZodType,
  A extends z.ZodType = z.ZodType,
> {
  /** Names it among all operations. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
  /** Of the path. */
  readonly params?: P;
  readonly query?: Q;
  /** A route of the original service, which passes over query parameters that it does not know; any other refuses them. */
  readonly original?: true;
  /** Of JSON; without it the body is not read. */
  readonly body?: B;
  readonly answer: {
    readonly status: SuccessStatus;
    readonly description: string;
    /** Without it there is none. */
    readonly body?: A;
    readonly headers?: Readonly<Record<string, string>>;
  };
  /** When it fails with what, beyond what its access, its input and HTTP itself bring along. */
  readonly errors?: Readonly<Partial<Record<ErrorStatus, string>>>;
}

/** One operation of the API, for services of a kind. */
export interface Operation<S> {
  readonly declaration: Declaration;
  readonly handler: (services: S & AccessServices) => Handler;
}

interface Input<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType> {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
}

type Act<I, R> = (ctx: Context, input: I) => Promise<R> | R;

/**
 * Makes an operation of its declaration and of what it does, which gets input that is as declared, of a sender who may
 * use it, and returns the body of the answer.
 */
export function operation<
  S,
  A extends z.ZodType = z.ZodVoid,
  P extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Q extends z.ZodObject = z.ZodObject<Record<never, never>>,
  B extends z.ZodType = z.ZodUndefined,
>(
  declaration: Declaration<P, Q, B, A>,
  start: (services: S) => Act<Input<P, Q, B>, z.input<A>>,
): Operation<S> {
  const { access, answer } = declaration;
  const handler = (services: S & AccessServices): Handler => {
    const act = start(services);
    const { identify, allow } = door(access, services);
    const read = inputReader(declaration);
    return async (ctx) => {
      // In this order: strangers learn nothing of what is wrong, and none of their bodies is read.
      const admission = identify(ctx);
      const params = read.params(ctx);
      await allow(admission, roomIn(params));
      await read.json(ctx);
      const body = await act(ctx, { params, query: read.query(ctx), body: read.body(ctx) });
      ctx.status = answer.status;
      if (body !== undefined) ctx.body = body;
    };
  };
  return { declaration, handler };
}

/** How each part of the input is read. A body that is not declared is not looked at. */
function inputReader<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType>({
  access,
  params,
  query,
  original,
  body,
}: Declaration<P, Q, B>) {
  const json = body === undefined ? undefined : jsonBody();
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

/** Without a schema the type says that nobody can expect anything. */
function parsed<T extends z.ZodType>(schema: T | undefined, input: unknown): z.output<T> {
  return schema === undefined ? (undefined as z.output<T>) : parseInput(schema, input);
}

function roomIn(params: unknown): number | undefined {
  if (typeof params !== 'object' || params === null || !('roomId' in params)) return undefined;
  return typeof params.roomId === 'number' ? params.roomId : undefined;
}
