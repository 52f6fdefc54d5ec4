import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { patiently } from '@chorus/testing';
import { expect } from 'chai';
import { Endpoint } from './endpoint.js';
import { TestEndpoint } from './testing/endpoint.js';
import type { Draft } from './text.js';

const DRAFT: Draft = { type: 'send', id: 'one', roomId: 1, user: { id: 7, username: 'ann' }, content: 'hi' };
const MAX_ANSWER = 1_000;

describe('the endpoint of the hook', function () {
  this.timeout(60_000);
  let server: TestEndpoint;
  let endpoint: Endpoint;

  beforeEach(async () => {
    server = await TestEndpoint.listen();
    endpoint = connect(server.url);
  });
  afterEach(async () => {
    await endpoint.close();
    await server.close();
  });

  function connect(url: string): Endpoint {
    const secret = Buffer.alloc(32, 1);
    return new Endpoint({ url, secret, timeoutMs: 300, onFailure: 'refuse', concurrency: 4 }, MAX_ANSWER);
  }
  const ask = (withinMs = patiently(10_000), draft = DRAFT) => endpoint.ask(draft, withinMs);
  const outcome = async (withinMs?: number, draft?: Draft): Promise<string> => {
    const answer = await ask(withinMs, draft);
    return answer.action === 'fail' ? `${answer.outcome}: ${answer.detail}` : answer.action;
  };

  it('times out if it hangs, or answers byte by byte', async () => {
    server.answer = () => undefined;
    expect(await outcome(200)).to.equal('timeout: no answer within 300 ms');
    server.answer = (_asked, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
      return undefined;
    };
    expect(await outcome(200)).to.equal('timeout: no answer within 300 ms');
    // The connections are closed.
    server.answer = () => ({ action: 'pass' });
    expect(await outcome()).to.equal('pass');
  });

  it('fails if it closes the connection, before or within the answer', async () => {
    server.answer = (_asked, response) => {
      response.destroy();
      return undefined;
    };
    expect(await outcome()).to.match(/^error: /);
    server.answer = (_asked, response) => {
      response.writeHead(200, { 'Content-Length': '100' }).write('{"action":');
      setTimeout(() => response.destroy(), 20);
      return undefined;
    };
    expect(await outcome()).to.match(/^error: /);
  });

  for (const [status, headers] of [
    [500, {}],
    [204, {}],
    [404, {}],
    [302, { Location: '/elsewhere' }],
    [307, { Location: 'http://127.0.0.1:1/' }],
  ] as const) {
    it(`fails if it answers ${status}, which is not followed`, async () => {
      server.answer = (_asked, response) => {
        response.writeHead(status, headers).end();
        return undefined;
      };
      expect(await outcome()).to.equal(`invalid: it answered ${status}`);
      expect(server.asked.length).to.equal(1);
    });
  }

  for (const body of [
    ...[
      '',
      'pass',
      '"pass"',
      '[]',
      'null',
      '{}',
      '{"action":"allow"}',
      '{"action":"change"}',
      '{"action":"pass"',
    ],
    ...[
      '{"action":"refuse","reason":7}',
      '{"action":"change","content":null}',
      '{"action":"change","data":[1]}',
    ],
  ]) {
    it(`fails if it answers ${body === '' ? 'nothing' : body}`, async () => {
      server.answer = (_asked, response) => {
        response.end(body);
        return undefined;
      };
      expect(await outcome()).to.equal('invalid: its answer is not valid');
    });
  }

  it('fails if it answers too much, without reading it all', async () => {
    let written = 0;
    server.answer = (_asked, response) => {
      const chunk = Buffer.alloc(64 * 1_024, ' ');
      const more = (): void => {
        while (response.writable && written < 1e9) {
          written += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
      };
      more();
      return undefined;
    };
    expect(await outcome()).to.equal('invalid: its answer is too long');
    expect(written).to.be.below(100e6);
  });

  it('may not empty a text that is appended, or give it data', async () => {
    const append = { ...DRAFT, type: 'append' } as const;
    for (const change of [{ content: '' }, { data: {} }]) {
      server.answer = () => ({ action: 'change', ...change });
      expect(await outcome(undefined, append)).to.equal('invalid: its answer is not valid');
      expect(await outcome()).to.equal('change');
    }
  });

  it('is asked again, once, if it closes an idle connection', async () => {
    expect(await outcome()).to.equal('pass');
    let cuts = 1;
    server.answer = (_asked, response) => {
      if (cuts-- <= 0) return { action: 'pass' };
      response.destroy();
      return undefined;
    };
    expect(await outcome()).to.equal('pass');
    // With the same id, by which it can tell.
    expect(server.asked.map(({ headers }) => headers['webhook-id'])).to.deep.equal(['one', 'one', 'one']);
  });

  it('fails while nothing listens, and works again after a restart', async () => {
    const { port } = server;
    expect(await outcome()).to.equal('pass');
    await server.close();
    expect(await outcome()).to.match(/^error: /);
    server = await TestEndpoint.listen(port);
    expect(await outcome()).to.equal('pass');
  });

  it('fails if its process is killed while it decides, and works again with the next one', async () => {
    const program = `
      const server = require('node:http').createServer((request, response) => {
        request.resume();
        if (process.argv[1] !== 'hang') response.end('{"action":"pass"}');
        else console.log('asked');
      });
      server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log(server.address().port));`;
    const run = async (how: string, port: number): Promise<[ChildProcess, number]> => {
      const child = spawn(process.execPath, ['-e', program, how, String(port)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = await once(child.stdout, 'data');
      return [child, Number(String(line))];
    };
    const [hanging, port] = await run('hang', 0);
    await endpoint.close();
    endpoint = connect(`http://127.0.0.1:${port}/`);
    const asked = once(hanging.stdout ?? hanging, 'data');
    const killed = outcome();
    await asked;
    const ended = once(hanging, 'exit');
    hanging.kill('SIGKILL');
    expect(await killed).to.match(/^error: /);
    await ended;
    const [next] = await run('pass', port);
    try {
      expect(await outcome()).to.equal('pass');
    } finally {
      next.kill('SIGKILL');
    }
  });
});
