"""A client of stock Python gRPC, with stubs that protoc generated.

stock_client.py <folder of the stubs> <first|second|reflection> <host:port> [token]

Prints one line of JSON about what came.
"""

import json
import struct
import sys

folder, what, address = sys.argv[1:4]
metadata = [("authorization", "Bearer " + sys.argv[4])] if len(sys.argv) > 4 else []
sys.path.insert(0, folder)

import grpc  # noqa: E402

# The stubs of the standard services are in a package of the same name.
grpc.__path__.append(folder + "/grpc")

channel = grpc.insecure_channel(address)


def first_or_second():
    from remotemedia.v1 import common_pb2, execution_pb2, execution_pb2_grpc, streaming_pb2, streaming_pb2_grpc

    # The client of the first generation says what it is in every call.
    headers = metadata + ([("x-client", "python"), ("x-preview-features", "gpt5-codex")] if what == "first" else [])
    execution = execution_pb2_grpc.PipelineExecutionServiceStub(channel)
    streaming = streaming_pb2_grpc.StreamingPipelineServiceStub(channel)
    version = execution.GetVersion(execution_pb2.VersionRequest(client_version="v1"), metadata=headers)

    calculator = common_pb2.PipelineManifest(
        version="v1",
        metadata=common_pb2.ManifestMetadata(name="calc"),
        nodes=[common_pb2.NodeManifest(id="calc", node_type="CalculatorNode", params='{"operation": "add", "value": 5.0}')],
    )
    if what == "first":
        request = execution_pb2.ExecuteRequest(manifest=calculator, data_inputs={"calc": '{"value": 10.0}'}, client_version="v1")
    else:
        request = execution_pb2.ExecuteRequest(manifest=calculator, client_version="v1")
        request.data_inputs["calc"].json.json_payload = '{"operation": "multiply", "operands": [10, 3]}'
    answer = execution.ExecutePipeline(request, metadata=headers)
    if what == "first":
        calculated = json.loads(answer.result.data_outputs["calc"])
    else:
        calculated = json.loads(answer.result.data_outputs["calc"].json.json_payload)

    unknown = common_pb2.PipelineManifest(version="v1", nodes=[common_pb2.NodeManifest(id="bad", node_type="NonExistentNode")])
    failed = execution.ExecutePipeline(execution_pb2.ExecuteRequest(manifest=unknown, client_version="v1"), metadata=headers)

    passing = common_pb2.PipelineManifest(version="v1", nodes=[common_pb2.NodeManifest(id="p", node_type="PassThrough")])

    def requests():
        yield streaming_pb2.StreamRequest(
            init=streaming_pb2.StreamInit(manifest=passing, client_version="v1", expected_chunk_size=1600)
        )
        for i in range(12):
            buffer = common_pb2.AudioBuffer(
                samples=struct.pack("<1600f", *([i / 100] * 1600)),
                sample_rate=16000,
                channels=1,
                format=common_pb2.AUDIO_FORMAT_F32,
                num_samples=1600,
            )
            if what == "first":
                yield streaming_pb2.StreamRequest(audio_chunk=streaming_pb2.AudioChunk(node_id="p", buffer=buffer, sequence=i))
            else:
                data = common_pb2.DataBuffer(audio=buffer)
                yield streaming_pb2.StreamRequest(data_chunk=streaming_pb2.DataChunk(node_id="p", buffer=data, sequence=i))
        yield streaming_pb2.StreamRequest(control=streaming_pb2.StreamControl(command=streaming_pb2.StreamControl.COMMAND_CLOSE))

    kinds, sequences, first_samples = [], [], []
    for response in streaming.StreamPipeline(requests(), metadata=headers):
        kind = response.WhichOneof("response")
        kinds.append(kind)
        if kind == "result":
            sequences.append(response.result.sequence)
            outputs = response.result.audio_outputs if what == "first" else response.result.data_outputs
            audio = outputs["p"] if what == "first" else outputs["p"].audio
            assert audio.format == common_pb2.AUDIO_FORMAT_F32 and audio.num_samples == 1600
            first_samples.append(round(struct.unpack_from("<f", audio.samples)[0] * 100))
        if kind == "closed":
            break
    return {
        "protocol": version.version_info.protocol_version,
        "compatible": version.compatible,
        "hasNodes": len(version.version_info.supported_node_types) > 5,
        "status": answer.result.status,
        "hasWallTime": answer.result.metrics.wall_time_ms > 0,
        "calculated": calculated,
        "errorType": failed.error.error_type,
        "failingNode": failed.error.failing_node_id,
        "kinds": kinds,
        "sequences": sequences,
        "firstSamples": first_samples,
    }


def reflection():
    """What tools such as grpcurl do: list, fetch the files, and call with what they say, knowing nothing before."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    from grpc.health.v1 import health_pb2

    services, files = {}, {}
    for form in ("v1", "v1alpha"):
        module = __import__("grpc.reflection.%s" % form, fromlist=["reflection_pb2"]).reflection_pb2
        call = channel.stream_stream(
            "/grpc.reflection.%s.ServerReflection/ServerReflectionInfo" % form,
            request_serializer=module.ServerReflectionRequest.SerializeToString,
            response_deserializer=module.ServerReflectionResponse.FromString,
        )
        asked = [
            module.ServerReflectionRequest(list_services=""),
            module.ServerReflectionRequest(file_containing_symbol="remotemedia.v1.PipelineExecutionService"),
        ]
        listed, found = list(call(iter(asked), metadata=metadata))
        services[form] = sorted(service.name for service in listed.list_services_response.service)
        files[form] = list(found.file_descriptor_response.file_descriptor_proto)
    pool = descriptor_pool.DescriptorPool()
    protos = {}
    for data in files["v1"]:
        proto = descriptor_pb2.FileDescriptorProto.FromString(data)
        protos[proto.name] = proto

    def add(name):
        proto = protos.pop(name, None)
        if proto is not None:
            for dependency in proto.dependency:
                add(dependency)
            pool.Add(proto)

    for name in list(protos):
        add(name)
    service = pool.FindServiceByName("remotemedia.v1.PipelineExecutionService")
    method = service.FindMethodByName("GetVersion")
    factory = message_factory.MessageFactory(pool)
    request, response = factory.GetPrototype(method.input_type), factory.GetPrototype(method.output_type)
    call = channel.unary_unary(
        "/%s/%s" % (service.full_name, method.name),
        request_serializer=request.SerializeToString,
        response_deserializer=response.FromString,
    )
    version = call(request(client_version="v1"), metadata=metadata)
    check = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    return {
        "services": services,
        "methods": [each.name for each in service.methods],
        "protocol": version.version_info.protocol_version,
        "health": check(health_pb2.HealthCheckRequest()).status,
    }


print(json.dumps(reflection() if what == "reflection" else first_or_second()))
