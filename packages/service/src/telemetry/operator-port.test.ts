import { expect } from 'chai';
import { pino } from 'pino';
import type { Closeable } from '../process/closer.js';
import { listenOperatorPort, type OperatorSources } from './operator-port.js';

const silent = pino({ level: 'silent' });
const HOST = '127.0.0.1';

describe('the operator port', () => {
  let opened: Array<Closeable & { port: number }> = [];

  afterEach(async () => {
    for (const port of opened.splice(0)) await port.close();
    opened = [];
  });

  const open = async (sources: Partial<OperatorSources> = {}, port = 0) => {
    const listening = await listenOperatorPort(
      { host: HOST, port },
      {
        metrics: {
          text: async () => 'things_total 7\n',
          contentType: 'text/plain; version=0.0.4; charset=utf-8',
        },
        health: () => ({ status: 200, body: { status: 'ready' } }),
        ...sources,
      },
      silent,
    );
    opened.push(listening);
    return listening;
  };
  const ask = (port: number, path: string, method = 'GET') =>
    fetch(`http://${HOST}:${port}${path}`, { method });

  it('serves metrics, liveness and readiness', async () => {
    const { port } = await open();
    const metrics = await ask(port, '/metrics?x=1');
    expect(metrics.status).to.equal(200);
    expect(metrics.headers.get('content-type')).to.equal('text/plain; version=0.0.4; charset=utf-8');
    expect(await metrics.text()).to.equal('things_total 7\n');
    expect(await (await ask(port, '/livez')).json()).to.deep.equal({ status: 'live' });
    expect(await (await ask(port, '/readyz')).json()).to.deep.equal({ status: 'ready' });
    const head = await ask(port, '/metrics', 'HEAD');
    expect([head.status, head.headers.get('content-length'), await head.text()]).to.deep.equal([
      200,
      '15',
      '',
    ]);
  });

  it('answers as the service does when it is not ready', async () => {
    const health = async () => ({
      status: 503,
      body: { error: 'draining' },
      headers: { 'Retry-After': '1' },
    });
    const { port } = await open({ health });
    const answer = await ask(port, '/readyz');
    expect([answer.status, answer.headers.get('retry-after')]).to.deep.equal([503, '1']);
    expect(await answer.json()).to.deep.equal({ error: 'draining' });
  });

  it('answers all other requests with an error as JSON', async () => {
    const { port } = await open();
    const unknown = await ask(port, '/');
    expect([unknown.status, await unknown.json()]).to.deep.equal([
      404,
      { error: 'no such route', code: 'route_not_found' },
    ]);
    const posted = await ask(port, '/metrics', 'POST');
    expect([posted.status, posted.headers.get('allow')]).to.deep.equal([405, 'GET, HEAD']);
    expect(await posted.json()).to.deep.equal({
      error: 'POST is not allowed on this route',
      code: 'method_not_allowed',
    });
  });

  it('does not reveal why metrics cannot be collected', async () => {
    const { port } = await open({
      metrics: { text: () => Promise.reject(new Error('a secret')), contentType: 'text/plain' },
    });
    const answer = await ask(port, '/metrics');
    expect([answer.status, await answer.json()]).to.deep.equal([
      500,
      { error: 'internal error', code: 'internal' },
    ]);
  });

  it('serves no metrics without a source', async () => {
    const listening = await listenOperatorPort(
      { host: HOST, port: 0 },
      { health: () => ({ status: 200, body: { status: 'ready' } }) },
      silent,
    );
    opened.push(listening);
    expect((await ask(listening.port, '/metrics')).status).to.equal(404);
    expect((await ask(listening.port, '/readyz')).status).to.equal(200);
  });

  it('names its setting when the port is taken', async () => {
    const { port } = await open();
    const error = await open({}, port).catch((reason: unknown) => reason);
    expect(error).to.have.property('name', 'StartError');
    expect(error).to.have.property(
      'message',
      `cannot listen on ${HOST}:${port} (OPERATOR_PORT): the port is already in use`,
    );
  });

  it('is free after closing, whichever clients were connected', async () => {
    const first = await open();
    await ask(first.port, '/livez');
    await Promise.all([first.close(), first.close()]);
    await open({}, first.port);
  });
});
