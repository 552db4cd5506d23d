import protobuf from 'protobufjs';

/** What of ONNX's `onnx.proto` (version 1.17) is written here: field numbers are the format. */
const ONNX = {
  nested: {
    Model: {
      fields: {
        irVersion: { type: 'int64', id: 1 },
        graph: { type: 'Graph', id: 7 },
        opsetImport: { rule: 'repeated', type: 'OperatorSet', id: 8 },
      },
    },
    OperatorSet: { fields: { domain: { type: 'string', id: 1 }, version: { type: 'int64', id: 2 } } },
    Graph: {
      fields: {
        node: { rule: 'repeated', type: 'Node', id: 1 },
        name: { type: 'string', id: 2 },
        initializer: { rule: 'repeated', type: 'Tensor', id: 5 },
        input: { rule: 'repeated', type: 'ValueInfo', id: 11 },
        output: { rule: 'repeated', type: 'ValueInfo', id: 12 },
      },
    },
    Node: {
      fields: {
        input: { rule: 'repeated', type: 'string', id: 1 },
        output: { rule: 'repeated', type: 'string', id: 2 },
        name: { type: 'string', id: 3 },
        opType: { type: 'string', id: 4 },
        attribute: { rule: 'repeated', type: 'Attribute', id: 5 },
      },
    },
    Attribute: { fields: { name: { type: 'string', id: 1 }, i: { type: 'int64', id: 3 }, type: { type: 'int32', id: 20 } } },
    Tensor: {
      fields: {
        dims: { rule: 'repeated', type: 'int64', id: 1 },
        dataType: { type: 'int32', id: 2 },
        name: { type: 'string', id: 8 },
        rawData: { type: 'bytes', id: 9 },
      },
    },
    ValueInfo: { fields: { name: { type: 'string', id: 1 }, type: { type: 'Type', id: 2 } } },
    Type: { fields: { tensorType: { type: 'TensorType', id: 1 } } },
    TensorType: { fields: { elemType: { type: 'int32', id: 1 }, shape: { type: 'Shape', id: 2 } } },
    Shape: { fields: { dim: { rule: 'repeated', type: 'Dimension', id: 1 } } },
    Dimension: { fields: { dimValue: { type: 'int64', id: 1 }, dimParam: { type: 'string', id: 2 } } },
  },
};
const ModelMessage = protobuf.Root.fromJSON(ONNX).lookupType('Model');

const FLOAT = 1;
const INT64 = 7;
const INT_ATTRIBUTE = 2;

/** A tensor that goes in or out, of 32-bit floats unless said otherwise; a dimension that varies has a name. */
export interface OnnxValue {
  name: string;
  shape: (number | string)[];
  integers?: boolean;
}

/** One operator with integer attributes. */
export interface OnnxNode {
  opType: string;
  input: string[];
  output: string[];
  attributes?: Record<string, number>;
}

/** The part of a model that is written: a whole one, or what is appended to another. */
export interface OnnxParts {
  nodes: OnnxNode[];
  initializers?: { name: string; shape: number[]; data: Float32Array }[];
  inputs?: OnnxValue[];
  outputs: OnnxValue[];
}

/** A whole model of standard operators (opset 17), as bytes. */
export function encodeOnnxModel(parts: OnnxParts): Uint8Array {
  return encode({ irVersion: 9, opsetImport: [{ domain: '', version: 17 }], graph: { name: 'stillhouse', ...graphOf(parts) } });
}

/**
 * A model with more nodes and outputs at its end. Protocol buffers merge when they are written one after the other
 * (repeated fields append, messages merge), so that the model's own bytes stay as they are and need not be parsed.
 */
export function appendToOnnxModel(model: Uint8Array, parts: OnnxParts): Buffer {
  return Buffer.concat([model, encode({ graph: graphOf(parts) })]);
}

function encode(message: Record<string, unknown>): Uint8Array {
  return ModelMessage.encode(ModelMessage.create(message)).finish();
}

function graphOf({ nodes, initializers = [], inputs = [], outputs }: OnnxParts) {
  return {
    node: nodes.map(({ opType, input, output, attributes = {} }) => ({
      opType,
      input,
      output,
      name: `${output[0]}/node`,
      attribute: Object.entries(attributes).map(([name, i]) => ({ name, i, type: INT_ATTRIBUTE })),
    })),
    initializer: initializers.map(({ name, shape, data }) => ({
      name,
      dims: shape,
      dataType: FLOAT,
      rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    })),
    input: inputs.map(valueInfo),
    output: outputs.map(valueInfo),
  };
}

function valueInfo({ name, shape, integers }: OnnxValue) {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: integers ? INT64 : FLOAT, shape: { dim } } } };
}
