/** The parts of the two subgraphs' schemas that are used, as graph-node derives them: one filter input an entity. */
import { buildSchema, type GraphQLScalarType, type GraphQLSchema, type ValueNode } from 'graphql';

export type EndpointName = 'orderbook' | 'pnl';

/** How a column's values compare: as text, as whole numbers, as decimals; lists are not filtered. */
export type ColumnType = 'ID' | 'Bytes' | 'String' | 'BigInt' | 'BigDecimal' | '[BigInt!]';

export interface Entity {
  readonly type: string;
  readonly one: string;
  readonly many: string;
  readonly columns: Readonly<Record<string, ColumnType>>;
  readonly nullable?: readonly string[];
}

export const ENTITIES: Readonly<Record<EndpointName, readonly Entity[]>> = {
  orderbook: [
    {
      type: 'OrderFilledEvent',
      one: 'orderFilledEvent',
      many: 'orderFilledEvents',
      columns: {
        id: 'ID',
        transactionHash: 'Bytes',
        timestamp: 'BigInt',
        orderHash: 'Bytes',
        maker: 'String',
        taker: 'String',
        makerAssetId: 'String',
        takerAssetId: 'String',
        makerAmountFilled: 'BigInt',
        takerAmountFilled: 'BigInt',
        fee: 'BigInt',
      },
    },
    {
      type: 'Orderbook',
      one: 'orderbook',
      many: 'orderbooks',
      columns: {
        id: 'ID',
        tradesQuantity: 'BigInt',
        buysQuantity: 'BigInt',
        sellsQuantity: 'BigInt',
        collateralVolume: 'BigInt',
        scaledCollateralVolume: 'BigDecimal',
        collateralBuyVolume: 'BigInt',
        scaledCollateralBuyVolume: 'BigDecimal',
        collateralSellVolume: 'BigInt',
        scaledCollateralSellVolume: 'BigDecimal',
      },
    },
    {
      type: 'MarketData',
      one: 'marketData',
      many: 'marketDatas',
      columns: { id: 'ID', condition: 'String', outcomeIndex: 'BigInt' },
      nullable: ['outcomeIndex'],
    },
  ],
  pnl: [
    {
      type: 'Condition',
      one: 'condition',
      many: 'conditions',
      columns: {
        id: 'ID',
        positionIds: '[BigInt!]',
        payoutNumerators: '[BigInt!]',
        payoutDenominator: 'BigInt',
      },
    },
  ],
};

export const OPERATORS = ['', '_not', '_gt', '_gte', '_lt', '_lte', '_in', '_not_in'] as const;
export type Operator = (typeof OPERATORS)[number];

const COMMON = `
scalar BigInt
scalar BigDecimal
scalar Bytes
enum OrderDirection { asc desc }
enum _SubgraphErrorPolicy_ { allow deny }
input Block_height { hash: Bytes, number: Int, number_gte: Int }
type _Block_ { hash: Bytes, number: Int!, timestamp: Int, parentHash: Bytes }
type _Meta_ { block: _Block_!, deployment: String!, hasIndexingErrors: Boolean! }
`;

function sdlOf({ type, columns, nullable = [] }: Entity): string {
  const fields = Object.entries(columns).map(
    ([name, column]) => `${name}: ${column}${nullable.includes(name) ? '' : '!'}`,
  );
  const filters = Object.entries(columns).flatMap(([name, column]) =>
    OPERATORS.map((operator) => {
      const list = operator === '_in' || operator === '_not_in';
      return column.startsWith('[')
        ? list
          ? ''
          : `${name}${operator}: ${column}`
        : `${name}${operator}: ${list ? `[${column}!]` : column}`;
    }),
  );
  return `
type ${type} { ${fields.join(' ')} }
input ${type}_filter { ${filters.join(' ')} and: [${type}_filter] or: [${type}_filter] }
enum ${type}_orderBy { ${Object.keys(columns).join(' ')} }
`;
}

export function sdl(endpoint: EndpointName): string {
  const roots = ENTITIES[endpoint].map(
    ({ type, one, many }) => `
  ${one}(id: ID!, block: Block_height, subgraphError: _SubgraphErrorPolicy_! = deny): ${type}
  ${many}(skip: Int = 0, first: Int = 100, orderBy: ${type}_orderBy, orderDirection: OrderDirection,
    where: ${type}_filter, block: Block_height, subgraphError: _SubgraphErrorPolicy_! = deny): [${type}!]!`,
  );
  return `${COMMON}${ENTITIES[endpoint].map(sdlOf).join('')}
type Query {${roots.join('')}
  _meta(block: Block_height): _Meta_
}
`;
}

/** Numbers of any size travel as text: a literal or a variable may be either. */
function buildWithTextScalars(endpoint: EndpointName): GraphQLSchema {
  const schema = buildSchema(sdl(endpoint));
  for (const name of ['BigInt', 'BigDecimal', 'Bytes']) {
    const scalar = schema.getType(name) as GraphQLScalarType;
    const refuse = (value: unknown): never => {
      throw new TypeError(`Invalid value provided for type ${name}: ${JSON.stringify(value)}`);
    };
    scalar.parseValue = (value) =>
      typeof value === 'string' || (typeof value === 'number' && name !== 'Bytes') ? String(value) : refuse(value);
    scalar.parseLiteral = (node: ValueNode) =>
      node.kind === 'StringValue' || (node.kind === 'IntValue' && name !== 'Bytes') ? node.value : refuse(node.kind);
  }
  return schema;
}

export const SCHEMAS: Readonly<Record<EndpointName, GraphQLSchema>> = {
  orderbook: buildWithTextScalars('orderbook'),
  pnl: buildWithTextScalars('pnl'),
};
