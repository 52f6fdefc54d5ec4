import { Keyspace } from '@chorus/redis';
import { redisAt } from '@chorus/redis/testing';
import { closeAfterEach, failure, testRedis } from '@chorus/testing';
import { expect } from 'chai';
import type { Broker } from '../../broker.js';
import { Recorder, someRoom } from '../../testing/recorder.js';
import { makeRedisFixture, type RedisFixture, testOptions } from '../../testing/redis-fixture.js';
import { BrokerKeys } from '../keys.js';

describe('two databases of one Redis under one prefix', () => {
  const closer = closeAfterEach();

  interface Installation {
    fixture: RedisFixture;
    heard: Recorder;
    broker: Broker;
  }

  /** One installation for each database, each with this room. */
  const install = async (roomId: number): Promise<[Installation, Installation]> => {
    const { url } = await testRedis();
    const { keyspace } = testOptions(redisAt(url));
    const open = async (database: number): Promise<Installation> => {
      const redis = redisAt(`${url}/${database}`);
      const options = { ...testOptions(redis), keyspace: new Keyspace(keyspace.prefix, database) };
      const fixture = closer().add(await makeRedisFixture(options));
      const heard = new Recorder();
      await fixture.directory().ensure(roomId, 0);
      const broker = await fixture.connect(heard);
      await broker.subscribe(roomId);
      return { fixture, heard, broker };
    };
    return [await open(0), await open(1)];
  };

  it('receive nothing from each other', async () => {
    const roomId = someRoom();
    const installations = await install(roomId);
    for (const [at, { fixture, broker }] of installations.entries()) {
      const { seq, epoch } = await broker.publish(roomId, `"content":"${at}"}`);
      await broker.publish(roomId, `"content":"${at} again"}`, 'key');
      await broker.publishNotice(roomId, `notice ${at}`);
      await fixture.queue().settle(roomId, { epoch, seq }, { size: 10, maxAgeMs: 0 });
      await fixture.directory().announce({ type: 'room-renamed', roomId, name: `${at}` });
    }
    for (const [at, { heard }] of installations.entries()) {
      // The last message of each kind from the other database would arrive before this one's own.
      await heard.until('all that is its own', () => heard.events.length > 0 && heard.messages.length > 1);
      expect(heard.messages.map(({ text }) => text.replace(/^.*"content"/, ''))).to.deep.equal([
        `:"${at}"}`,
        `:"${at} again"}`,
      ]);
      expect(heard.notices).to.deep.equal([{ roomId, text: `notice ${at}` }]);
      expect(heard.stored).to.have.length(1);
      expect(heard.events).to.deep.equal([{ type: 'room-renamed', roomId, name: `${at}` }]);
    }
  });

  it('keep a room that the other one deletes', async () => {
    const roomId = someRoom();
    const [first, second] = await install(roomId);
    await first.fixture.directory().markComplete();
    await first.fixture.directory().remove(roomId);
    await first.heard.until('the deletion', () => first.heard.events.length === 1);
    expect(await failure(first.broker.position(roomId))).to.have.property('name', 'RoomNotFoundError');
    await second.broker.publish(roomId, '"content":"still here"}');
    await second.heard.until('the message', () => second.heard.messages.length === 1);
    expect(second.heard.events).to.deep.equal([]);
  });

  it('have channel names without a number in database 0', () => {
    const keys = new BrokerKeys(new Keyspace('chorus'));
    expect(keys.channel(76)).to.equal('{chorus:12}:room:76:stream');
    expect(keys.control()).to.equal('chorus:control');
    expect(keys.probe('n', undefined)).to.equal('chorus:node:n:probe');
  });

  it('have channel names with the number, and unchanged key names, in another database', () => {
    const keys = new BrokerKeys(new Keyspace('chorus', 3));
    expect(keys.stream(76)).to.equal('{chorus:12}:room:76:stream');
    expect(keys.channel(76)).to.equal('{chorus:12}:room:76:stream@3');
    expect(keys.control()).to.equal('chorus:control@3');
    expect(keys.probe('n', undefined)).to.equal('chorus:node:n:probe@3');
  });
});
