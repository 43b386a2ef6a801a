"""What stands in for images, at which ports, and what its own TLS looks like."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.balanced_lab import BalancedLab
from tests.sandbox_fixture import Sandbox


@pytest.fixture
def lab(sandbox: Sandbox) -> BalancedLab:
    made = BalancedLab(sandbox)
    made.let_in(made.groups[1], 0, to_port=65535)
    return made


def get(lab: BalancedLab, port: int = 80, path: str = "/", **more: Any) -> Any:
    return lab.fetch(lab.a, f"http://{lab.address(lab.b)}:{port}{path}", **more)


def new_image(lab: BalancedLab, image: str, *ports: int) -> None:
    lab.ask("silence", **{"from": lab.b})
    lab.listen(lab.b, *ports, image=image)


def test_the_sample_shows_its_page(lab: BalancedLab) -> None:
    new_image(lab, "amazon/amazon-ecs-sample", 80)
    found = get(lab)
    assert (found["status"], found["headers"]["Content-Type"]) == (200, "text/html; charset=UTF-8")
    assert "Your PHP application is now running on a container in Amazon ECS." in found["body"]
    assert get(lab, path="/health")["status"] == 404
    assert get(lab, path="/?a=b")["status"] == 200


@pytest.mark.parametrize(
    ("image", "port", "other"),
    [
        ("nginx", 80, 8080),
        ("public.ecr.aws/nginx/nginx:1.27", 80, 8080),
        ("nginxinc/nginx-unprivileged:stable", 8080, 80),
    ],
)
def test_nginx_listens_where_it_always_does(lab: BalancedLab, image: str, port: int, other: int) -> None:
    """Whatever ports a task definition maps."""
    new_image(lab, image, other)
    assert "Welcome to nginx!" in get(lab, port)["body"]
    assert get(lab, other)["outcome"] == "refused"
    assert get(lab, port, "/nothing")["status"] == 404
    assert get(lab, port, method="POST")["status"] == 405


def test_other_images_tell_what_they_were_asked(lab: BalancedLab) -> None:
    new_image(lab, "123456789012.dkr.ecr.eu-central-1.amazonaws.com/nginx-proxy:2", 5000, 5001)
    found = get(lab, 5001, "/a?b", method="PUT", body="text", headers={"X-One": "1"})
    told = json.loads(found["body"])
    assert (told["method"], told["path"], told["body"], told["headers"]["X-One"]) == ("PUT", "/a?b", "text", "1")
    assert (told["client"], told["address"]) == (lab.address(lab.a), f"{lab.address(lab.b)}:5001")
    assert told["image"].endswith("nginx-proxy:2")


def test_heads_have_no_bodies(lab: BalancedLab) -> None:
    new_image(lab, "nginx", 80)
    found = get(lab, method="HEAD")
    assert (found["status"], found["body"]) == (200, "")
    assert int(found["headers"]["Content-Length"]) > 100


def test_an_https_listener_has_its_certificates_names(lab: BalancedLab) -> None:
    certificate = new_certificate(lab, "api.company.com", "*.shop.company.com")
    balancer = lab.new_balancer()
    lab.let_in(lab.balancing, 443)
    lab.listen(lab.b, 80, image="own/app:1")
    group = lab.new_targets("web", lab.b)
    lab.new_listener(balancer, group, port=443, Protocol="HTTPS", Certificates=[{"CertificateArn": certificate}])
    point(lab, balancer, "api.company.com", "a.shop.company.com", "other.company.com")
    for host in ("api.company.com", "a.shop.company.com"):
        found = lab.fetch(lab.a, f"https://{host}/")
        assert found["status"] == 200, found
        headers = json.loads(found["body"])["headers"]
        assert (headers["X-Forwarded-Proto"], headers["X-Forwarded-Port"]) == ("https", "443")
    assert "CERTIFICATE_VERIFY_FAILED" in lab.fetch(lab.a, "https://other.company.com/")["error"]


def test_a_tls_listener_passes_on_what_it_decrypts(lab: BalancedLab) -> None:
    certificate = new_certificate(lab, "net.company.com")
    net = lab.new_balancer("net", Type="network")
    lab.listen(lab.b, 80, image="own/app:1")
    group = lab.new_targets("net", lab.b, Protocol="TCP", HealthCheckProtocol="TCP")
    certificates = [{"CertificateArn": certificate}]
    lab.new_listener(net, group, port=443, Protocol="TLS", Certificates=certificates)
    point(lab, net, "net.company.com")
    found = lab.fetch(lab.a, "https://net.company.com/x")
    assert found["status"] == 200, found
    assert "X-Forwarded-For" not in json.loads(found["body"])["headers"]
    lab.ask("silence", **{"from": lab.b})
    assert "error" in lab.fetch(lab.a, "https://net.company.com/x")


def new_certificate(lab: BalancedLab, *names: str) -> str:
    """An issued one, after its records are in a zone of its own."""
    acm, zones = lab.sandbox.client("acm"), lab.sandbox.client("route53")
    more = {"SubjectAlternativeNames": list(names[1:])} if names[1:] else {}
    arn = str(acm.request_certificate(DomainName=names[0], ValidationMethod="DNS", **more)["CertificateArn"])
    zone = zones.create_hosted_zone(Name="company.com", CallerReference=names[0])["HostedZone"]["Id"]
    for option in acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]:
        record = option["ResourceRecord"]
        values = [{"Value": record["Value"]}]
        wanted = {"Name": record["Name"], "Type": record["Type"], "TTL": 60, "ResourceRecords": values}
        batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": wanted}]}
        zones.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED"
    return arn


def point(lab: BalancedLab, balancer: dict[str, Any], *names: str) -> None:
    """Let names lead to a load balancer."""
    zones = lab.sandbox.client("route53")
    found = zones.list_hosted_zones_by_name(DNSName="company.com")["HostedZones"][0]["Id"]
    for name in names:
        values = [{"Value": balancer["DNSName"]}]
        wanted = {"Name": name, "Type": "CNAME", "TTL": 60, "ResourceRecords": values}
        batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": wanted}]}
        zones.change_resource_record_sets(HostedZoneId=found, ChangeBatch=batch)
