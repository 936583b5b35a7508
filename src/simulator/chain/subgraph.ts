/**
 * The first generation of a chain as the frozen subgraph serves it: the same fills, known by transaction and order alone,
 * and the conditions as they stood when V1 ended. One universe for both sources: wallets and conditions go on in V2.
 */
import { createRecordedUniverse, type RecordedCondition, type RecordedEvent } from '../recorded.js';
import type { Universe } from '../universe.js';
import { KIND } from './conditions.js';
import { type ChainFill, chainConditions, chainFills } from './truth.js';
import type { ChainUniverse } from './universe.js';
import { bigIntOf } from './words.js';

/** Holds every V1 fill in memory: for some hundred thousand. An order that fills twice in a transaction has one entity. */
export function subgraphOf(universe: ChainUniverse): Universe {
  const lastBlock = Math.min(universe.rates.v1LastBlock, universe.lastBlock);
  return createRecordedUniverse({
    deployment: `QmSimulatedChain${'1'.repeat(30)}`,
    lastBlock,
    events: events(universe, lastBlock),
    conditions: conditionsOf(universe, lastBlock),
  });
}

function* events(universe: ChainUniverse, lastBlock: number): Generator<RecordedEvent> {
  for (const fill of chainFills(universe, { to: lastBlock })) {
    if (fill.exchange.startsWith('v1')) yield eventOf(fill);
  }
}

function eventOf(fill: ChainFill): RecordedEvent {
  const buys = fill.side === 'BUY';
  const [shares, usdc] = [String(fill.shares), String(fill.usdc)];
  return {
    id: `${fill.txHash}_${fill.orderHash}`,
    transactionHash: fill.txHash,
    timestamp: String(fill.time),
    orderHash: fill.orderHash,
    maker: fill.wallet,
    taker: fill.counterparty,
    makerAssetId: buys ? '0' : fill.token,
    takerAssetId: buys ? fill.token : '0',
    makerAmountFilled: buys ? usdc : shares,
    takerAmountFilled: buys ? shares : usdc,
    fee: String(fill.fee),
    block: fill.block,
  };
}

function conditionsOf(universe: ChainUniverse, lastBlock: number): RecordedCondition[] {
  const { conditions } = universe;
  const explained = chainConditions(universe, lastBlock)
    .filter(({ kind, tokens }) => tokens.length === 2 && !kind.startsWith('v3'))
    .map(({ id, tokens, numerators, denominator, preparedBlock }) => ({
      id,
      positionIds: tokens,
      payoutNumerators: numerators.map(String),
      payoutDenominator: String(denominator),
      block: preparedBlock,
    }));
  // Registered with an exchange, but no condition of the usual collaterals has these tokens.
  const seen = [...conditions.kind.keys()]
    .filter((c) => conditions.kind[c] === KIND.unexplained && (conditions.preparedBlock[c] as number) <= lastBlock)
    .map((c) => ({
      conditionId: conditions.conditionId(c),
      tokenIdsSeen: [0, 8].map((at) => String(bigIntOf(conditions.tokenWords(c), at))),
    }));
  return [...explained, ...seen];
}
