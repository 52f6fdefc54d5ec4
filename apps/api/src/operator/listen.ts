import type { OperatorSources } from '@chorus/service';
import { Router } from '@koa/router';
import type { RequestState } from '../http/context.js';
import { koaApp } from '../http/koa-app.js';
import { type HttpServer, listen } from '../http/server.js';
import type { OperatorConfig } from './config.js';
import type { OperatorServices } from './dependencies.js';
import { operatorPage } from './page.js';
import { processAnswers } from './process-answers.js';
import { requireOperator } from './require-operator.js';
import { addOperatorRoutes } from './routes.js';

/**
 * Starts the operator's listener: a port of its own that no balancer leads to, and no page may call.
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
