import type { ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createLogger } from '@chorus/service/logger';
import { expect } from 'chai';
import type { ToChild, ToParent } from './messages.js';
import { type Place, ProcessGroup } from './process-group.js';

/** What a parent sees of a child. */
class FakeChild extends EventEmitter {
  readonly pid = 1;
  connected = true;
  exitCode: number | null = null;
  readonly signalCode = null;
  readonly told: ToChild[] = [];

  constructor(
    readonly nodeId: string,
    readonly place: Place,
  ) {
    super();
  }

  send(message: ToChild): boolean {
    this.told.push(message);
    return true;
  }

  says(message: ToParent): void {
    this.emit('message', message);
  }

  ends(code = 1): void {
    this.connected = false;
    this.exitCode = code;
    this.emit('exit', code, null);
  }
}

const TAKING: ToParent = { type: 'taking', port: 4_000 };
const LEAVING: ToParent = { type: 'leaving' };

describe('a group of processes on one port', () => {
  let launches: EventEmitter;
  let children: FakeChild[];
  let group: ProcessGroup;
  let disorder: boolean;

  beforeEach(() => {
    launches = new EventEmitter();
    children = [];
    disorder = false;
    group = new ProcessGroup({
      nodeIds: ['a', 'b', 'c'],
      launch: (nodeId, place) => {
        const child = new FakeChild(nodeId, place);
        children.push(child);
        launches.emit('launch', child);
        return child as unknown as ChildProcess;
      },
      onDisorder: () => {
        disorder = true;
      },
      log: createLogger({ service: 'test', level: 'silent' }),
      pauseMs: 20,
      longestPauseMs: 80,
    });
  });
  afterEach(async () => {
    const closed = group.close();
    for (const child of children) if (child.connected) child.ends(0);
    await closed;
  });

  /** All of them running and taking connections. */
  const started = async (): Promise<[FakeChild, FakeChild, FakeChild]> => {
    const start = group.start();
    children[0]?.says(TAKING);
    expect(await start).to.equal(true);
    for (const child of children.slice(1)) child.says(TAKING);
    return children as [FakeChild, FakeChild, FakeChild];
  };

  it('starts one that makes sure of the port, and then the others on the port it got', async () => {
    const start = group.start();
    expect(children.map(({ nodeId }) => nodeId)).to.deep.equal(['a']);
    children[0]?.says(TAKING);
    await start;
    expect(children.map(({ nodeId, place }) => [nodeId, place])).to.deep.equal([
      ['a', { first: true, port: undefined }],
      ['b', { first: false, port: 4_000 }],
      ['c', { first: false, port: 4_000 }],
    ]);
  });

  it('starts nobody else when the first one does not start', async () => {
    const start = group.start();
    children[0]?.ends(1);
    expect(await start).to.equal(false);
    expect(children).to.have.length(1);
  });

  it('lets whoever takes nobody leave the port as long as another one takes connections', async () => {
    const [a, b, c] = await started();
    a.says(LEAVING);
    b.says(LEAVING);
    c.says(LEAVING);
    const answers = [a, b, c].map(({ told }) => told);
    expect(answers).to.deep.equal([
      [{ type: 'may-leave', leave: true }],
      [{ type: 'may-leave', leave: true }],
      [{ type: 'may-leave', leave: false }],
    ]);
  });

  it('relieves whoever had to stay on the port, and nobody else', async () => {
    const [a, b, c] = await started();
    for (const child of [a, b, c]) child.says(LEAVING);
    a.says(TAKING);
    expect(c.told.at(-1)).to.deep.equal({ type: 'relieved' });
    expect(b.told).to.have.length(1);
    a.says(LEAVING);
    expect(a.told.at(-1)).to.deep.equal({ type: 'may-leave', leave: false });
  });

  it('does not count on one that died, whatever it said last', async () => {
    const [a, b, c] = await started();
    b.ends();
    b.says(TAKING);
    c.says(LEAVING);
    a.says(LEAVING);
    expect(a.told).to.deep.equal([{ type: 'may-leave', leave: false }]);
  });

  it('lets nobody leave the port while all of them end', async () => {
    const [a, b, c] = await started();
    const closed = group.close();
    a.says(LEAVING);
    expect(a.told).to.deep.equal([{ type: 'stop' }, { type: 'may-leave', leave: false }]);
    for (const child of [a, b, c]) child.ends(0);
    await closed;
    expect(disorder).to.equal(false);
  });

  it('starts one that died again, after pauses that grow up to the longest', async () => {
    await started();
    const pauses: number[] = [];
    let latest = children[1];
    for (let death = 0; death < 5; death++) {
      const start = performance.now();
      const launched = once(launches, 'launch');
      latest?.ends();
      [latest] = (await launched) as [FakeChild];
      pauses.push(performance.now() - start);
      expect([latest.nodeId, latest.place]).to.deep.equal(['b', { first: false, port: 4_000 }]);
    }
    for (const [index, least] of [20, 40, 80, 80, 80].entries()) {
      expect(pauses[index]).to.be.within(least - 2, least + 300);
    }
  });

  it('has the next one make sure of the port when all have died', async () => {
    const [a, b, c] = await started();
    const launched = once(launches, 'launch');
    for (const child of [a, b, c]) child.ends();
    const [next] = (await launched) as [FakeChild];
    expect(next.place).to.deep.equal({ first: true, port: 4_000 });
  });

  it('starts nobody again while it closes, and tells that one did not end in order', async () => {
    const [a, b, c] = await started();
    a.ends();
    const closed = group.close();
    b.ends(0);
    c.ends(1);
    await closed;
    expect(disorder).to.equal(true);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(children).to.have.length(3);
  });
});
