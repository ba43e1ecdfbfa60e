/**
 * The standard reflection service: tools such as grpcurl ask it which services
 * and messages there are. Of the two generations it tells the second, since a
 * name can have only one form.
 *
 * @module
 */

import {
  create,
  createRegistry,
  type DescFile,
  fromBinary,
  type MessageInitShape,
  type Registry,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import { file_grpc_health_v1_health as healthFile } from "../gen/grpc/grpc/health/v1/health_pb.ts";
import {
  file_grpc_reflection_v1_reflection as reflectionFile,
  ServerReflection,
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from "../gen/grpc/grpc/reflection/v1/reflection_pb.ts";
import {
  file_grpc_reflection_v1alpha_reflection as alphaFile,
  ServerReflection as AlphaReflection,
} from "../gen/grpc/grpc/reflection/v1alpha/reflection_pb.ts";
import { file_remotemedia_v1_execution as executionFile } from "../gen/v004/remotemedia/v1/execution_pb.ts";
import { file_remotemedia_v1_streaming as streamingFile } from "../gen/v004/remotemedia/v1/streaming_pb.ts";
import { CallStatus } from "./call_status.ts";
import { CallWriter } from "../transport/call_writer.ts";
import { rawService } from "./raw_service.ts";

type Answer = MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"];

/** The older and the newer form of the service: their messages are the same. */
export const REFLECTION_SERVICES = [rawService(ServerReflection), rawService(AlphaReflection)] as const;

/** Answers the questions of one call, one after the other. */
export async function reflect(call: ServerDuplexStream<Uint8Array, Uint8Array>): Promise<void> {
  const writer = new CallWriter(call);
  call.on("error", () => {});
  try {
    for await (const message of call.iterator({ destroyOnReturn: false })) {
      await writer.write(answerTo(message as Uint8Array));
    }
    writer.end();
  } catch (thrown) {
    if (writer.isClosed) return;
    const refusal = thrown instanceof CallStatus ? thrown : new CallStatus(status.INTERNAL, "reflection failed");
    call.emit("error", refusal.toStatus());
  }
}

const index = createIndex([executionFile, streamingFile, healthFile, reflectionFile, alphaFile]);

/** Everything that can be asked for. */
function createIndex(
  roots: readonly DescFile[],
): {
  readonly registry: Registry;
  readonly files: ReadonlyMap<string, DescFile>;
  readonly services: readonly string[];
} {
  const files = new Map<string, DescFile>();
  const add = (file: DescFile) => {
    files.set(`${file.name}.proto`, file);
    file.dependencies.forEach(add);
  };
  roots.forEach(add);
  const services = roots.flatMap((file) => file.services.map(({ typeName }) => typeName));
  return { registry: createRegistry(...files.values()), files, services };
}

function answerTo(message: Uint8Array): Uint8Array {
  let originalRequest: ServerReflectionRequest;
  try {
    originalRequest = fromBinary(ServerReflectionRequestSchema, message);
  } catch {
    throw new CallStatus(status.INVALID_ARGUMENT, "this is no ServerReflectionRequest");
  }
  const response = create(ServerReflectionResponseSchema, {
    validHost: originalRequest.host,
    originalRequest,
    messageResponse: answer(originalRequest.messageRequest),
  });
  return toBinary(ServerReflectionResponseSchema, response);
}

function answer(question: ServerReflectionRequest["messageRequest"]): Answer {
  switch (question.case) {
    case "listServices":
      return { case: "listServicesResponse", value: { service: index.services.map((name) => ({ name })) } };
    case "fileByFilename":
      return describe(index.files.get(question.value), question.value);
    case "fileContainingSymbol":
      return describe(fileOf(question.value), question.value);
    case "allExtensionNumbersOfType":
      if (index.registry.getMessage(question.value) === undefined) return notFound(question.value);
      return { case: "allExtensionNumbersResponse", value: { baseTypeName: question.value } };
    case "fileContainingExtension":
      return notFound(`${question.value.containingType} ${question.value.extensionNumber}`);
    default:
      return {
        case: "errorResponse",
        value: { errorCode: status.INVALID_ARGUMENT, errorMessage: "no question that is known" },
      };
  }
}

/** The file that declares a message, enum or service, or something inside of one. */
function fileOf(symbol: string): DescFile | undefined {
  const found = index.registry.get(symbol);
  if (found !== undefined) return found.kind === "extension" ? undefined : found.file;
  const parent = index.registry.get(symbol.slice(0, Math.max(0, symbol.lastIndexOf("."))));
  if (parent === undefined || parent.kind === "extension") return undefined;
  const member = symbol.slice(symbol.lastIndexOf(".") + 1);
  const names = parent.kind === "service"
    ? parent.methods.map(({ name }) => name)
    : parent.kind === "message"
    ? [...parent.fields, ...parent.oneofs].map(({ name }) => name)
    : parent.values.map(({ name }) => name);
  return names.includes(member) ? parent.file : undefined;
}

/** A file with all that it imports, itself first. */
function describe(file: DescFile | undefined, asked: string): Answer {
  if (file === undefined) return notFound(asked);
  const needed = new Set([file]);
  // A set that grows while it is walked through is walked through to its new end.
  for (const { dependencies } of needed) dependencies.forEach((dependency) => needed.add(dependency));
  const fileDescriptorProto = [...needed].map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto } };
}

function notFound(asked: string): Answer {
  return { case: "errorResponse", value: { errorCode: status.NOT_FOUND, errorMessage: `${asked} is not known` } };
}
