"""The official client from PyPI, unmodified, runs on the sandbox. It knows nothing of this project.

It lives in a venv of its own, since its pinned click does not go together with ours.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hotfolder.sandbox import CLIENT_ID, FAST_ID, ORGANIZATION_ID, ORGANIZATION_NAME, REFRESH_TOKEN, Sandbox
from tests.sandbox.caller import picture

ROOT = Path(__file__).parents[2]
BIN = "Scripts" if sys.platform == "win32" else "bin"
PYTHON = ROOT / ".venv-official" / BIN / "python"
IMAGES = 20

SCRIPT = """
import json, sys
from autoretouch.api_client.client import AutoRetouchAPIClient
from autoretouch.api_client.model import ApiConfig

url, client_id, token, organization, workflow, images, results, one = sys.argv[1:]
config = ApiConfig(
    BASE_API_URL=url, BASE_API_URL_CURRENT=url + "/v1", CLIENT_ID=client_id, SCOPE="offline_access",
    AUDIENCE="https://api.autoretouch.com", AUTH_DOMAIN=url,
)
client = AutoRetouchAPIClient(organization, workflow, config, refresh_token=token)
client.login()
said = {"status": client.get_api_status()}
said["organizations"] = [entry.name for entry in client.get_organizations()]
said["organization"] = client.get_organization().name
said["workflows"] = [entry.name for entry in client.get_workflows()]
said["price"] = client.get_workflow(workflow).executionPrice
said["balance"] = int(client.get_balance())

said["hash"] = client.upload_image(one)
labels = {"myLabel": "my value"}
execution = client.create_workflow_execution_for_image_reference(workflow, said["hash"], "one.jpg", labels)
said["stream"] = client.get_workflow_execution_status_blocking(execution)
said["blocking"] = len(client.download_result_blocking(execution))
details = client.get_workflow_execution_details(execution)
said["details"] = [details.status, details.labels, details.inputFileName]
said["downloaded"] = len(client.download_result(details.resultPath))
said["original"] = len(client.download_image(said["hash"], "one.jpg"))
said["listed"] = [str(entry.id) == str(execution) for entry in client.get_workflow_executions(workflow).entries]
said["retry"] = client.retry_workflow_execution(execution)
client.send_feedback(execution, True, [])

client.process_folder(images, results)
client.revoke_credentials()
print(json.dumps(said))
"""


def run_official_client(url: str, home: Path, *folders: Path) -> dict[str, Any]:
    assert PYTHON.exists(), "run `make test`, which installs it (the official client, in .venv-official)"
    environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
        environment.pop(name, None)
    environment |= {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "AUTORETOUCH_CREDENTIALS_PATH": str(home / "credentials.json"),
    }
    arguments = [url, CLIENT_ID, REFRESH_TOKEN, ORGANIZATION_ID, FAST_ID, *map(str, folders)]
    command = [str(PYTHON), "-c", SCRIPT, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_the_official_client_works_a_folder_off(sandbox: Sandbox, tmp_path: Path) -> None:
    home, images, results = (tmp_path / name for name in ("home", "images", "results"))
    home.mkdir()
    images.mkdir()
    for number in range(IMAGES):
        (images / f"shoe {number:02d}.jpg").write_bytes(picture(number))
    one = tmp_path / "one.jpg"
    one.write_bytes(picture(99))

    said = run_official_client(sandbox.url, home, images, results, one)

    assert said["status"] == 200
    assert said["organizations"] == [said["organization"]] == [ORGANIZATION_NAME]
    assert (said["price"], said["balance"], "Fast" in said["workflows"]) == (1, 100_000, True)
    assert said["stream"].endswith("data:COMPLETED\n\n")
    assert said["details"] == ["COMPLETED", {"myLabel": "my value"}, "one.jpg"]
    assert said["blocking"] == said["downloaded"] == len(sandbox.world.result_of(sandbox.world.executions[0]))
    assert said["original"] == one.stat().st_size
    assert (said["listed"], said["retry"]) == ([True], 400)

    world = sandbox.world
    for source in images.iterdir():
        (execution,) = world.executions_named(source.name)
        assert (results / source.name).read_bytes() == world.result_of(execution)
    assert len(world.executions) == IMAGES + 1
    assert world.charged_total == IMAGES + 1
    assert world.sign_in.refresh_tokens == set()
    assert world.calls_to("any", status=500) == []
