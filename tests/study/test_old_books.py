"""Workbooks in .xls and .ods are read like others, and what is not known of them is told."""

from __future__ import annotations

import base64
import lzma
import zipfile
from datetime import date
from pathlib import Path

import pytest

from papi_analysis.errors import DataError
from papi_analysis.study import old_books
from papi_analysis.study.cells import Percent, Unreadable
from papi_analysis.study.office import read_office_table
from papi_analysis.study.rows import Source
from papi_analysis.study.schema import TASKS
from papi_analysis.study.sheet_xml import Block
from papi_analysis.study.sheets import read_workbook

#: Saved by LibreOffice 7.4: two sheets with cells, the second hidden; row 4 is hidden, A6 is merged with B6 and C6.
XLS = """
{Wp48S^xk9=GL@E0stWa8~^|S5YJf5;2Zx1v0VUYGrk;#Fn3_|q=YHL-W+x(g7T4u+=$92y5?1H#s1$Y|6@ZSfQ3MUD>BRRg-WROuZTSRwY6lI$&
uYnsCWZ_ch&9THiW4dL5gG`N(_;iy$!LVW~Vzs`n82peW<fz{(-h&3_)7N7&>}|64;utAII!&G$7_osA<n_|BwPy=<9WVj`B)vT7cG(W5iIN&Rq}
<apO8RlprY}jQudhcM*wbsP+fg9SqaZrnZsC!ROvq?+izCOWJGAlRDv)-k<{shz&&Ez?KE;%ExZnI82W72dKhBpa~DYZ2J(j@LV@Lv+77($i>Lu9
%{UbkjKT<6XtAg1u}N8I)G@)i{mD_4?2ZBc5E{V|8qqLyWX@>wbJhQlBGtL1?p3%pZ>lR<Z6+bb&Tbl_nu{4UaY}Ke1|PgH?;_$%n}(JW<r&$;ts
~fiG}W_u-o02YN7hfJpy29j)P%PaJ({W#BE6>%UWM1jtoBpEt$H*m>ms9vI2AoE8*{ki)}@r2+){diad0yJNQuES{_4b0U*nmYF<zePyK)mWZ)Vr
*Nm7?`1oKUr+t}M;)musFHW5#OY!CNM>4V!y4!j6q{3~Zg<q=}1<)_5R7@YXBDBuTYSn-5*eQq*miga-TX*I33cL~lWNR}N`(z)X^Vz889bTzFqO
01f6NmO12+-JbPlQbR)~6rhG*CL}SqTBCx0{d}V9w`?dx1-3qFyv87bvSfpV;!eL&i1t4ve#Cubg(TKLwtW3{TnwhiWR0(-~Q@x*>&g_bw1+rFnG
8R`m4jb!{wwc$EuKY1^oAyHMUt*=4lMraLcw7O#Qo?L9WV#2DS~*K4W5rwO%-eA6Mb&|4X;faAzq&H}>X?!oYIC^~wUo&K81j}_ZU?x0%4PN_cd?
{Utku&8fDtH26A=Q)3}P$VmpSbZz+`>3tLSflAz>AFH0;Jz3H_%}k}R)RDWrD$~173Ow9>-1-CyrX<v(^D^Id7y^=)W==@P6Sw=bJu0z7GAvY1m;
WENO?-}*)d!>S^*-4PpV-cnM8d^PgAIU!PhBYhd1xM^7qohwTMO?`z$^V?fFIK*LKqE@{YqUal!w3mwyF4Q#$NiDR&<l<WG|eNVbc@#NqjcTkGt-
3w+vz!;M^(tg2A_oPFZl260=>7L^v0Pbv{B!!0x5gQ=t~aFU`i2wPayYIl)EZ?PGnlMbxd=w(e^cI}UonWw2dfm6kD_M#qj?l5PVV1=>RI?BWC3R
!qZ;{!H0jc`nN!+@Qk8RdN?jdl2A<*TG6in9$Ac#fh|_5-vKtefa>`N?QkAK27S63Ey#h!RWb|1FJSh4C-btm5I5{JbYC+L%k>cjG8#<IBS~%<dk
b&+sA2APf^jk?YWvE0AodT}ORkN8GHT;O3y4cGW#<u=~>I1}%XNkWGkIhOKoZNSI^GG-RWn{f@{GUp95s)AK;LcP;$MvpOCdlm%$DxA176al#=C8
wiI;ckiL#pDEUV(WX7nNZ7a?$WRZwBB(kDXJrP^Q?5z;8RjtN64-OdrqSrWd3a}t%h^i;OY<w^^ZEaZ7NMfD^z4zT#DCM=6}dOBIcob%qL$yhNb!
HLv!I_@X<!<o`o1IWq_GSB4<IqSIy&-jj?-K^Awksz_YikEAW*ZxfUoZHg1@6-voXb;*3iLG>1gf@Fb!6PrniUJ4E_w2=Luv+NEa!B0;U7xTCT7p
m7)3nPoJgV6!3W825Kp(8ZI-MT1N;tt|nGgnQmm-CBM$939|hUEMYzp4VvS{527Ype_pI7&WREK7gRt-Mt+ZEpf;XF_j8l)C#L|{DC<)KSSJha6I
1Xa&TRnoF3Yi3LiX>M=i#wK&FR&!e-n|y^Q4b{eGkb1U;Zlu#Qw*@Kq4TC#|T@0`g>H?00000_VsU>FG;(u00GSlfH(jEwd&H|vBYQl0ssI200dc
D
"""
OFFICE = "urn:oasis:names:tc:opendocument:xmlns:"
ODS = f"""<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="{OFFICE}office:1.0" xmlns:table="{OFFICE}table:1.0" xmlns:text="{OFFICE}text:1.0"
 xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"><office:body>
<office:spreadsheet>{{}}</office:spreadsheet></office:body></office:document-content>"""
TEXT = '<table:table-cell office:value-type="string"{}><text:p>{}</text:p></table:table-cell>'
BLANK = '<table:table-cell table:number-columns-repeated="16384"/>'


def xls(path: Path, content: bytes = b"") -> Path:
    path.write_bytes(content or lzma.decompress(base64.b85decode("".join(XLS.split()))))
    return path


def row(*cells: str, more: str = "") -> str:
    return f"<table:table-row{more}>{''.join(cells)}{BLANK}</table:table-row>"


def ods(path: Path, *rows: str) -> Path:
    end = f'<table:table-row table:number-rows-repeated="1048000">{BLANK}</table:table-row>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", ODS.format(f'<table:table table:name="A">{"".join(rows)}{end}</table:table>'))
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    return path


def test_a_workbook_in_xls_is_read(tmp_path: Path) -> None:
    first, second, _ = read_workbook(xls(tmp_path / "a.xls"))
    assert (first.name, first.hidden, first.merged, second.name, second.hidden) == (
        *("Nhiệm vụ", False, (Block(5, 5, 0, 2),)),
        *("Ẩn", True),
    )
    assert first.rows[1] == ["NV-01", "Việc 1", "D1", date(2018, 3, 1), date(2019, 12, 31), 1]
    assert first.rows[3][3:] == ["2018-06-01", "30/6/2020", 1]
    assert len(first.rows) == 7


def test_its_name_may_say_otherwise(tmp_path: Path) -> None:
    assert read_workbook(xls(tmp_path / "a.xlsx"))[0].name == "Nhiệm vụ"


def test_what_is_not_known_of_it_is_told(tmp_path: Path) -> None:
    reading = read_office_table(Source(xls(tmp_path / "a.xls"), fill={"unit": "VN-CT"}), TASKS)
    assert reading.frame["due"].tolist() == ["2019-12-31", "2020-06-01", "2020-06-30"]
    assert str(old_books.UNTOLD[0]) in [str(guess.what) for guess in reading.guesses]


def test_a_workbook_in_ods_is_read_with_what_is_hidden_merged_or_wrong(tmp_path: Path) -> None:
    percent = (
        '<table:table-cell office:value-type="percentage" office:value="0.75"><text:p>75%</text:p></table:table-cell>'
    )
    error = TEXT.format(' calcext:value-type="error"', "#DIV/0!")
    day = TEXT.format(' office:date-value="2018-03-01"', "x").replace('"string"', '"date"')
    repeated = TEXT.format(' table:number-columns-repeated="2"', "x")
    path = ods(
        tmp_path / "a.ods",
        row(TEXT.format(' table:number-columns-spanned="2"', "a"), "<table:covered-table-cell/>", percent),
        row(repeated, day, error, more=' table:visibility="collapse"'),
        f'<table:table-row table:number-rows-repeated="2">{BLANK}</table:table-row>',
        row(TEXT.format("", "end"), more=' table:visibility="filter"'),
    )
    (sheet,) = read_workbook(path)
    assert sheet.rows[0] == ["a", "", 0.75]
    assert isinstance(sheet.rows[0][2], Percent)
    assert sheet.rows[1][:3] == ["x", "x", date(2018, 3, 1)]
    assert isinstance(sheet.rows[1][3], Unreadable)
    assert sheet.rows[2:] == [[], [], ["end"]]
    assert (sheet.hidden_rows, sheet.merged) == ({1, 4}, (Block(0, 0, 0, 1),))


@pytest.mark.parametrize(
    "rows",
    [
        [row(TEXT.format(' table:number-columns-repeated="16000"', "x"), more=' table:number-rows-repeated="1000000"')],
        [
            f'<table:table-row table:number-rows-repeated="900000">{BLANK}</table:table-row>',
            row('<table:table-cell table:number-columns-repeated="900"/>', TEXT.format("", "far")),
        ],
    ],
)
def test_cells_without_end_are_refused_before_they_are_made(tmp_path: Path, rows: list[str]) -> None:
    with pytest.raises(DataError, match="the sheet has too many cells"):
        read_workbook(ods(tmp_path / "a.ods", *rows))


def test_a_password_is_told(tmp_path: Path) -> None:
    content = xls(tmp_path / "a.xls").read_bytes() + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(DataError, match="the workbook has a password"):
        read_workbook(xls(tmp_path / "a.xls", content))


@pytest.mark.parametrize("cut", [600, 3_000])
def test_a_damaged_file_ends_no_process_but_the_one_that_opens_it(tmp_path: Path, cut: int) -> None:
    content = xls(tmp_path / "a.xls").read_bytes()[:cut]
    with pytest.raises(DataError, match="the workbook is damaged"):
        read_workbook(xls(tmp_path / "a.xls", content))
