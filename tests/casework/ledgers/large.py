"""A ledger as large as a county's, with a known number of faulty rows."""

from django.core.files.uploadedfile import SimpleUploadedFile
from stdnum.cn import ric

from kpm.excel import write_rows

ROWS = 12_000
# Every so many rows the check digit is wrong.
FAULTY = 100
HEADINGS = [
    "序号",
    "姓名",
    "性别",
    "身份证号码",
    "联系电话",
    "现居住地",
    "详细地址",
    "紧急联系人",
    "与本人关系",
    "紧急联系电话",
    "居住方式",
    "自理能力",
    "能力等级",
    "健康状况",
    "子女姓名",
    "子女电话",
    "子女所在地",
    "经济来源",
    "结对帮扶人",
    "服务需求",
    "是否特殊困难老年人",
    "帮扶责任人",
    "备注",
]
PLACES = ("石桥街道新桥社区", "清溪镇枫林村", "南塘乡塘头村", "东门街道文昌社区")
SURNAMES = "王李张刘陈杨黄赵吴周"
GIVEN = "秀英华伟芳娜敏静丽强"


def id_number(number: int, *, is_right: bool = True) -> str:
    """One of very many ID numbers of an area that nobody is born in."""
    year, day = 1930 + number % 30, number // 30 % 28 + 1
    month, sequence = number // 840 % 12 + 1, number // 10_080 * 2 + 1
    stem = f"100101{year}{month:02}{day:02}{sequence:03}"
    digit = ric.calc_check_digit(stem + "0")
    return stem + (digit if is_right else "0X987654321"["10X98765432".index(digit)])


def row(number: int) -> list[str]:
    """One row of the ledger."""
    name = SURNAMES[number % 10] + GIVEN[number // 10 % 10] + GIVEN[number // 100 % 10]
    return [
        *(str(number + 1), name, "男", id_number(number, is_right=bool((number + 1) % FAULTY))),
        *(f"139{number:08}", PLACES[number % 4], f"{number % 20 + 1}组{number % 99 + 1}号"),
        *(f"{name[0]}强", "子女", f"138{number:08}", "独居", "自理", "完好", "高血压"),
        *(f"{name[0]}梅", f"137{number:08}", "深圳", "退休金", "", "助餐", "否", "", ""),
    ]


def workbook(rows: int = ROWS) -> SimpleUploadedFile:
    """The workbook, as it is uploaded."""
    data = write_rows("台账", HEADINGS, (row(number) for number in range(rows)))
    return SimpleUploadedFile("large.xlsx", data)
