import { Refusal } from '@chorus/protocol';
import type { Router } from '@koa/router';
import type { Context, Handler, RequestState } from '../../http/context.js';
import { parseInput } from '../../http/input.js';
import { jsonBody } from '../../http/middleware/json-body.js';
import * as inputs from '../../webhooks/inputs.js';
import { undeliveredJson, webhookJson } from '../../webhooks/json.js';
import { type OperatorServices, record } from '../dependencies.js';
import { listBansInput, noQuery } from '../inputs.js';

/** Adds the routes that manage webhooks. Secrets are shown when they are made, and never again. */
export function addWebhookRoutes(
  router: Router<RequestState>,
  { webhooks, eventLog, log }: OperatorServices,
): void {
  const json = jsonBody();
  const idOf = (ctx: Context): number => parseInput(inputs.webhookPath, ctx.params).webhookId;
  const done = (ctx: Context, action: string, details: object): void =>
    record(log, ctx, `${action} webhook`, details);

  const create: Handler = async (ctx) => {
    const webhook = await webhooks.create(parseInput(inputs.createWebhookInput, ctx.request.body));
    done(ctx, 'create', { webhookId: Number(webhook.id) });
    ctx.status = 201;
    ctx.body = { ...webhookJson(webhook), secret: webhook.secret };
  };
  const list: Handler = async (ctx) => {
    const { cursor, limit } = parseInput(listBansInput, ctx.query);
    const found = await webhooks.list(cursor, limit + 1);
    const page = found.slice(0, limit).map(webhookJson);
    ctx.body = { webhooks: page, nextCursor: found.length > limit ? (page.at(-1)?.id ?? null) : null };
  };
  const get: Handler = async (ctx) => {
    ctx.body = webhookJson(known(await webhooks.find(idOf(ctx))));
  };
  const change: Handler = async (ctx) => {
    const fields = parseInput(inputs.changeWebhookInput, ctx.request.body);
    ctx.body = webhookJson(known(await webhooks.change(idOf(ctx), fields)));
    done(ctx, 'change', { webhookId: idOf(ctx), ...fields });
  };
  const remove: Handler = async (ctx) => {
    if (!(await webhooks.remove(idOf(ctx)))) throw new Refusal('webhook_not_found');
    done(ctx, 'delete', { webhookId: idOf(ctx) });
    ctx.status = 204;
  };
  const rotate: Handler = async (ctx) => {
    const { overlapSeconds } = parseInput(inputs.rotateInput, ctx.request.body);
    const webhook = known(await webhooks.rotate(idOf(ctx), overlapSeconds));
    done(ctx, 'rotate the secret of', { webhookId: idOf(ctx), overlapSeconds });
    ctx.body = { ...webhookJson(webhook), secret: webhook.secret };
  };
  const resume: Handler = async (ctx) => {
    const { after } = parseInput(inputs.resumeInput, ctx.request.body);
    const { last, removed } = await eventLog.ends();
    if (after < removed) throw new Refusal('events_expired', removed);
    ctx.body = webhookJson(known(await webhooks.resume(idOf(ctx), Math.min(after, last))));
    done(ctx, 'resume', { webhookId: idOf(ctx), after });
  };
  const deliveries: Handler = async (ctx) => {
    const { limit } = parseInput(listBansInput, ctx.query);
    const { id } = known(await webhooks.find(idOf(ctx)));
    ctx.body = { deliveries: (await webhooks.undelivered(Number(id), limit)).map(undeliveredJson) };
  };
  const redeliverOne: Handler = async (ctx) => {
    const { webhookId, eventId } = parseInput(inputs.deliveryPath, ctx.params);
    const { last, removed } = await eventLog.ends();
    if (eventId <= removed || eventId > last) throw new Refusal('event_not_found');
    if (!(await webhooks.redeliver(webhookId, eventId, eventId))) throw new Refusal('webhook_not_found');
    done(ctx, 'redeliver to', { webhookId, from: eventId, to: eventId });
    ctx.status = 202;
    ctx.body = { from: `evt_${eventId}`, to: `evt_${eventId}` };
  };
  const redeliver: Handler = async (ctx) => {
    const webhookId = idOf(ctx);
    const { from, to } = parseInput(inputs.redeliverInput, ctx.request.body);
    known(await webhooks.find(webhookId));
    const span = await webhooks.span(from, to);
    if (span === undefined) throw new Refusal('event_not_found');
    if (!(await webhooks.redeliver(webhookId, span.from, span.to))) throw new Refusal('webhook_not_found');
    done(ctx, 'redeliver to', { webhookId, ...span });
    ctx.status = 202;
    ctx.body = { from: `evt_${span.from}`, to: `evt_${span.to}` };
  };

  router.post('/webhooks', noQuery, json, create);
  router.get('/webhooks', list);
  router.get('/webhooks/:webhookId', noQuery, get);
  router.patch('/webhooks/:webhookId', noQuery, json, change);
  router.delete('/webhooks/:webhookId', noQuery, remove);
  router.post('/webhooks/:webhookId/secret', noQuery, json, rotate);
  router.post('/webhooks/:webhookId/resume', noQuery, json, resume);
  router.post('/webhooks/:webhookId/redeliver', noQuery, json, redeliver);
  router.get('/webhooks/:webhookId/deliveries', deliveries);
  router.post('/webhooks/:webhookId/deliveries/:eventId/redeliver', noQuery, json, redeliverOne);
}

/** @throws {Refusal} 404 */
function known<T>(webhook: T | undefined): T {
  if (webhook === undefined) throw new Refusal('webhook_not_found');
  return webhook;
}
