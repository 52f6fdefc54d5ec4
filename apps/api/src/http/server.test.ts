import { EventEmitter, once } from 'node:events';
import { Agent, type RequestListener, request } from 'node:http';
import { StartError } from '@chorus/service';
import { expect } from 'chai';
import { type HttpServer, listen } from './server.js';

const open = (handler: RequestListener, shutdownTimeoutMs = 5_000, port = 0): Promise<HttpServer> =>
  listen(handler, { host: '127.0.0.1', port, shutdownTimeoutMs });

describe('listen', () => {
  it('reports in one line that the port is taken', async () => {
    const server = await open(() => {});
    const error = await open(() => {}, 0, server.port).catch((failure: unknown) => failure);
    expect(error).to.be.instanceOf(StartError);
    expect(String(error)).to.equal(`StartError: port ${server.port} is already in use (PORT)`);
    await server.close();
  });

  it('reports that the address does not belong to this machine', async () => {
    const error = await listen(() => {}, { host: '203.0.113.1', port: 0, shutdownTimeoutMs: 0 }).catch(
      (failure: unknown) => failure,
    );
    expect(String(error)).to.match(/^StartError: cannot listen on 203.0.113.1:0: /);
  });

  it('lets a request in progress finish, and accepts no more', async () => {
    const requests = new EventEmitter();
    const server = await open((_request, response) => requests.emit('request', response));
    const asking = request({
      port: server.port,
      host: '127.0.0.1',
      agent: new Agent({ keepAlive: true }),
    }).end();
    const [pending] = await once(requests, 'request');
    const closed = server.close();
    const refused = await fetch(`http://127.0.0.1:${server.port}`).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(TypeError);
    pending.end('done');
    const [response] = await once(asking, 'response');
    expect(response.statusCode).to.equal(200);
    response.resume();
    await closed;
  });

  it('does not wait for idle keep-alive connections', async () => {
    const server = await open((_request, response) => response.end());
    const agent = new Agent({ keepAlive: true });
    const [response] = await once(request({ port: server.port, host: '127.0.0.1', agent }).end(), 'response');
    response.resume();
    await once(response, 'end');
    await server.close();
  });

  it('cuts a request that does not finish in time', async () => {
    const requests = new EventEmitter();
    const server = await open(() => requests.emit('request'), 50);
    const asking = request({ port: server.port, host: '127.0.0.1' }).end();
    const cut = once(asking, 'error');
    await once(requests, 'request');
    await Promise.all([server.close(), server.close()]);
    expect((await cut)[0]).to.have.property('code', 'ECONNRESET');
  });
});
