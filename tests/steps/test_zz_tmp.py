import time
from tests.steps import test_databases as d, test_instances as i, test_secrets as s
from tests.steps.lab import Lab
from tests.inventory import inventory
def test_x(sandbox, tmp_path):
    sandbox.become("realistic=60", seed=3)
    (tmp_path/"a").mkdir(); (tmp_path/"b").mkdir()
    lab = Lab(sandbox, tmp_path/"a", scale=60.0)
    t=time.time(); lab.up(d.stack(final_snapshot=True)); print("up", time.time()-t, lab.said("instance"))
    t=time.time(); lab.up(d.stack(final_snapshot=True, storage=30)); print("mod", time.time()-t, lab.said("instance"))
    t=time.time(); lab.down(); print("down", time.time()-t, lab.said("instance"), lab.said("subnet-group"))
    lab = Lab(sandbox, tmp_path/"b", scale=60.0)
    t=time.time(); lab.up([*i.machine(), *s.secret()]); print("up", time.time()-t, lab.said("database"))
    assert lab.changed([*i.machine(), *s.secret()]) == []
    t=time.time(); lab.down(); print("down", time.time()-t, lab.said("database"), lab.said("secret"))
    print(inventory(sandbox.endpoint, "us-east-1"))
