import { answerOperator, type OperatorSources } from '@chorus/service';
import { Router } from '@koa/router';
import type { RequestState, Step } from '../http/context.js';
import { koaApp } from '../http/koa-app.js';
import { type HttpServer, listen } from '../http/server.js';
import type { OperatorConfig } from './config.js';
import type { OperatorServices } from './dependencies.js';
import { operatorPage } from './page.js';
import { requireOperator } from './require-operator.js';
import { addOperatorRoutes } from './routes.js';

/**
 * Starts the operator's listener: a separate port that no balancer forwards to, and that no page may call.
 * @throws {StartError} the port cannot be listened on
 */
export function listenForOperators(
  config: OperatorConfig,
  listener: { readonly host: string; readonly shutdownTimeoutMs: number },
  services: OperatorServices,
  sources: OperatorSources,
): Promise<HttpServer> {
  const router = new Router<RequestState>();
  addOperatorRoutes(router, services);
  const app = koaApp(
    router,
    {
      trustedProxies: 0,
      open: [processAnswers(sources), operatorPage()],
      guard: requireOperator(config.token),
    },
    services.log,
  );
  return listen(app.callback(), { ...listener, port: config.port, setting: 'OPERATOR_PORT' });
}

/** Serves metrics and health without a token, because probes and Prometheus have none. */
function processAnswers(sources: OperatorSources): Step {
  return async (ctx, next) => {
    const answer = await answerOperator(ctx, sources);
    if (answer === undefined) return next();
    ctx.status = answer.status;
    ctx.set({ 'Cache-Control': 'no-store', ...answer.headers });
    ctx.body = answer.body;
    return undefined;
  };
}
