import { expect } from 'chai';
import { allScopes, Keyspace, PARTITIONS, partitionOf, scopeOf } from './keyspace.js';

describe('the names of keys', () => {
  const keyspace = new Keyspace('chorus', 3);

  it('of a room carry the hash tag of its partition', () => {
    expect(keyspace.room(76)).to.equal('{chorus:12}:room:76');
    expect(keyspace.room(76)).to.include(keyspace.partition(partitionOf(76)));
  });

  it('that rooms share begin with the partition in a Redis Cluster, else with the prefix', () => {
    expect(keyspace.scope(scopeOf(76, true))).to.equal('{chorus:12}');
    expect(keyspace.scope(scopeOf(76, false))).to.equal('chorus');
    expect(new Set(allScopes(true)).size).to.equal(PARTITIONS);
    expect(allScopes(false)).to.deep.equal([undefined]);
  });

  it('of channels end with the database unless it is 0', () => {
    expect(keyspace.channelSuffix).to.equal('@3');
    expect(new Keyspace('chorus').channelSuffix).to.equal('');
  });
});
