import type { Router } from '@koa/router';
import type { Context, Handler, RequestState } from '../../http/context.js';
import { parseInput } from '../../http/input.js';
import { jsonBody } from '../../http/middleware/json-body.js';
import * as inputs from '../../webhooks/inputs.js';
import * as json from '../../webhooks/json.js';
import type { Span } from '../../webhooks/service.js';
import { createOnceForOperator } from '../create-once.js';
import { type OperatorServices, record } from '../dependencies.js';
import { noQuery } from '../inputs.js';

/** Adds the routes that manage webhooks. Secrets are shown when they are made, and never again. */
export function addWebhookRoutes(
  router: Router<RequestState>,
  { webhooks, answers, log }: OperatorServices,
): void {
  const body = jsonBody();
  const idOf = (ctx: Context): number => parseInput(inputs.webhookPath, ctx.params).webhookId;
  const done = (ctx: Context, action: string, details: object): void =>
    record(log, ctx, `${action} webhook`, details);

  const create: Handler = async (ctx) => {
    const input = parseInput(inputs.createWebhookInput, ctx.request.body);
    await createOnceForOperator(ctx, answers, { operation: 'createWebhook', input }, async (once) => {
      const webhook = await webhooks.create(input, once?.remember(json.webhookAnswer('')));
      done(ctx, 'create', { webhookId: Number(webhook.id) });
      return json.secretWebhookOf(webhook);
    });
  };
  const list: Handler = async (ctx) => {
    const { cursor, limit } = parseInput(inputs.listWebhooksInput, ctx.query);
    ctx.body = json.webhookPageOf(await webhooks.list(cursor, limit));
  };
  const get: Handler = async (ctx) => {
    ctx.body = json.webhookOf(await webhooks.get(idOf(ctx)));
  };
  const change: Handler = async (ctx) => {
    const fields = parseInput(inputs.changeWebhookInput, ctx.request.body);
    ctx.body = json.webhookOf(await webhooks.change(idOf(ctx), fields));
    done(ctx, 'change', { webhookId: idOf(ctx), ...fields });
  };
  const remove: Handler = async (ctx) => {
    await webhooks.remove(idOf(ctx));
    done(ctx, 'delete', { webhookId: idOf(ctx) });
    ctx.status = 204;
  };
  const rotate: Handler = async (ctx) => {
    const { overlapSeconds } = parseInput(inputs.rotateInput, ctx.request.body);
    ctx.body = json.secretWebhookOf(await webhooks.rotate(idOf(ctx), overlapSeconds));
    done(ctx, 'rotate the secret of', { webhookId: idOf(ctx), overlapSeconds });
  };
  const resume: Handler = async (ctx) => {
    const { after } = parseInput(inputs.resumeInput, ctx.request.body);
    ctx.body = json.webhookOf(await webhooks.resume(idOf(ctx), after));
    done(ctx, 'resume', { webhookId: idOf(ctx), after });
  };
  const test: Handler = async (ctx) => {
    const result = await webhooks.test(idOf(ctx));
    done(ctx, 'test', { webhookId: idOf(ctx), ...result });
    ctx.body = json.testResultOf(result);
  };
  const deliveries: Handler = async (ctx) => {
    const query = parseInput(inputs.listDeliveriesInput, ctx.query);
    ctx.body = json.undeliveredPageOf(await webhooks.undelivered(idOf(ctx), query));
  };
  const redelivered = (ctx: Context, webhookId: number, span: Span): void => {
    done(ctx, 'redeliver to', { webhookId, ...span });
    ctx.status = 202;
    ctx.body = json.redeliveryOf(span);
  };
  const redeliverOne: Handler = async (ctx) => {
    const { webhookId, eventId } = parseInput(inputs.deliveryPath, ctx.params);
    redelivered(ctx, webhookId, await webhooks.redeliver(webhookId, eventId));
  };
  const redeliver: Handler = async (ctx) => {
    const { from, to } = parseInput(inputs.redeliverInput, ctx.request.body);
    redelivered(ctx, idOf(ctx), await webhooks.redeliverSpan(idOf(ctx), from, to));
  };

  router.post('createWebhook', '/webhooks', noQuery, body, create);
  router.get('/webhooks', list);
  router.get('/webhooks/:webhookId', noQuery, get);
  router.patch('changeWebhook', '/webhooks/:webhookId', noQuery, body, change);
  router.delete('deleteWebhook', '/webhooks/:webhookId', noQuery, remove);
  router.post('rotateWebhookSecret', '/webhooks/:webhookId/secret', noQuery, body, rotate);
  router.post('testWebhook', '/webhooks/:webhookId/test', noQuery, body, test);
  router.post('resumeWebhook', '/webhooks/:webhookId/resume', noQuery, body, resume);
  router.post('redeliverEvents', '/webhooks/:webhookId/redeliver', noQuery, body, redeliver);
  router.get('/webhooks/:webhookId/deliveries', deliveries);
  router.post(
    'redeliverEvent',
    '/webhooks/:webhookId/deliveries/:eventId/redeliver',
    noQuery,
    body,
    redeliverOne,
  );
}
