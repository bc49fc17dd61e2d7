"""Opens what the pipeline left in the vault with the stock AWS Encryption SDK for Python, and writes messages.

The argument is a file of tasks, which test/interop/tasks.ts describes. Nothing here knows the product's code: it follows
shared/FORMAT.md, whose rules are cited. It prints one JSON line for each task.
"""

import hashlib
import json
import sys
from base64 import b64decode
from pathlib import Path

import aws_encryption_sdk
import boto3
from aws_cryptographic_material_providers.keystore.client import KeyStore
from aws_cryptographic_material_providers.keystore.config import KeyStoreConfig
from aws_cryptographic_material_providers.keystore.models import KMSConfigurationKmsKeyArn
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    CreateAwsKmsHierarchicalKeyringInput,
    CreateAwsKmsKeyringInput,
    CreateAwsKmsMrkKeyringInput,
)
from aws_encryption_sdk.identifiers import Algorithm, CommitmentPolicy

SUITE = Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY
FRAME_LENGTH = 1_048_576

JOB = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
PROVIDERS = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
# Rule 7: the commitment policy, and one wrapped DEK in a message.
SDK = aws_encryption_sdk.EncryptionSDKClient(
    commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT, max_encrypted_data_keys=1
)
UNCOMMITTED_SDK = aws_encryption_sdk.EncryptionSDKClient(
    commitment_policy=CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT
)


class Refused(Exception):
    """The message or the object is not as FORMAT.md says."""


def require(condition, reason):
    if not condition:
        raise Refused(reason)


def aws(service, account_id, region):
    return boto3.client(
        service,
        endpoint_url=JOB["endpoint"],
        region_name=region,
        aws_access_key_id=account_id,
        aws_secret_access_key="local",
    )


def kms_of(key, arn):
    return aws("kms", key["accountId"], arn.split(":")[3])


def keyring_of(key):
    """Rule 19: a strict keyring of the KEK. Rule 26: a hierarchical one. Rule 27: one of a replica."""
    kek_arn = key["kekArn"]
    if "replicaArn" in key:
        replica = key["replicaArn"]
        return PROVIDERS.create_aws_kms_mrk_keyring(
            CreateAwsKmsMrkKeyringInput(kms_key_id=replica, kms_client=kms_of(key, replica))
        )
    if "branchKeyId" not in key:
        return PROVIDERS.create_aws_kms_keyring(
            CreateAwsKmsKeyringInput(kms_key_id=kek_arn, kms_client=kms_of(key, kek_arn))
        )
    table = JOB["keyStore"]
    store = KeyStore(
        KeyStoreConfig(
            ddb_client=aws("dynamodb", table["accountId"], table["region"]),
            ddb_table_name=table["table"],
            logical_key_store_name="sealstream",
            kms_client=kms_of(key, kek_arn),
            kms_configuration=KMSConfigurationKmsKeyArn(kek_arn),
        )
    )
    return PROVIDERS.create_aws_kms_hierarchical_keyring(
        CreateAwsKmsHierarchicalKeyringInput(
            key_store=store, branch_key_id=key["branchKeyId"], ttl_seconds=60
        )
    )


def open_message(key, message, expected):
    """Returns the plaintext, without the line of a message of a shared DEK."""
    with SDK.stream(mode="d", source=message, keyring=keyring_of(key)) as decryptor:
        plaintext = decryptor.read()
        header = decryptor.header
    require(header.algorithm is SUITE, "rule 6: another suite")
    require(header.frame_length == FRAME_LENGTH, "rule 8: another frame length")
    context = dict(header.encryption_context)
    if context == expected:
        return plaintext
    shared = {"tenant-id": expected["tenant-id"], "purpose": "shared", "format": "sealstream/1"}
    require(context == shared, "rule 12: another context")
    line = json.dumps(expected, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    require(plaintext.startswith(line), "rule 22: another first line")
    return plaintext[len(line) :]


def require_sealed(task, clear, sealed):
    """Rule 16, and rule 31 of a small object."""
    require(sealed["clear"] == clear, "rule 16: the clear part differs from the sealed copy")
    require(sealed["key"] == task["name"], "rule 16: another name")
    require(clear["tenantId"] == task["tenantId"], "rule 16: another tenant")
    require(clear["kekArn"] == task["key"]["kekArn"], "rule 16: another KEK")


def read_inline(task, entry):
    """Rules 29 to 31 and 33."""
    clear = json.loads(task["clear"])
    context = {
        "tenant-id": task["tenantId"],
        "object-id": clear["objectId"],
        "purpose": "inline",
        "format": "sealstream/2",
    }
    head, _, content = open_message(task["key"], entry, context).partition(b"\n")
    require_sealed(task, clear, json.loads(head))
    require(len(content) == clear["sizeBytes"], "rule 31: another size")
    return content


def read_chunked(task, entry):
    """Rules 5, 10, 11, 14 to 16 and 19."""
    manifest = json.loads(entry)
    sealed_part = b64decode(manifest.pop("sealed"), validate=True)
    names = {"tenant-id": task["tenantId"], "object-id": manifest["objectId"]}
    context = names | {"purpose": "manifest", "format": "sealstream/1"}
    require_sealed(task, manifest, json.loads(open_message(task["key"], sealed_part, context)))
    count = manifest["chunkCount"]
    content = b""
    for index in range(count):
        message = Path(task["chunks"], manifest["objectId"], f"{index:010}").read_bytes()
        context = names | {
            "chunk-index": str(index),
            "chunk-count": str(count),
            "format": "sealstream/1",
        }
        content += open_message(task["key"], message, context)
    require(len(content) == manifest["sizeBytes"], "rule 5: another size")
    return content


def read(task):
    entry = Path(task["entry"]).read_bytes()
    return read_inline(task, entry) if "clear" in task else read_chunked(task, entry)


def open_task(task):
    return open_message(task["key"], Path(task["message"]).read_bytes(), task["context"])


def write(task):
    """Writes a message as the product does, or with the one difference that the task asks for."""
    plaintext = Path(task["plaintext"]).read_bytes()
    suite = Algorithm.get_by_id(task.get("suiteId", SUITE.algorithm_id))
    sdk = SDK if suite.is_committing() else UNCOMMITTED_SDK
    message, _ = sdk.encrypt(
        source=plaintext,
        keyring=keyring_of(task["key"]),
        encryption_context=task["context"],
        algorithm=suite,
        frame_length=task.get("frameLength", FRAME_LENGTH),
    )
    Path(task["message"]).write_bytes(message)
    return plaintext


WORK = {"read": read, "open": open_task, "write": write}

for task in JOB["tasks"]:
    answer = {"id": task["id"]}
    try:
        answer["sha256"] = hashlib.sha256(WORK[task["task"]](task)).hexdigest()
    except Exception as error:  # Whatever the SDK raises is its refusal; the reader of the answer decides.
        answer["refused"] = f"{type(error).__name__}: {error}"
    print(json.dumps(answer), flush=True)
