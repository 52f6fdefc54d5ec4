import { createServer } from 'node:http';
import { Router } from '@koa/router';
import Koa from 'koa';
import { serveUntilStopped } from '../peers/servers/serve-until-stopped.js';

/** The floor: Koa and its router with one route, which answers a small object. */
const router = new Router();
router.get('/api/rooms/:roomId', (ctx) => {
  ctx.body = { id: Number(ctx.params.roomId), name: 'room' };
});
const app = new Koa();
app.use(router.routes());
// As the API's: a connection outlives the turns of the other servers.
const server = createServer({ keepAliveTimeout: 65_000 }, app.callback());
await serveUntilStopped(server.listen(0, '127.0.0.1'));
