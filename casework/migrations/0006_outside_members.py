import django.db.models.deletion
import kpm.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('casework', '0005_who_could_help'),
    ]

    operations = [
        migrations.CreateModel(
            name='TeamCheck',
            fields=[
                ('id', models.UUIDField(default=kpm.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('seen', models.CharField(blank=True, max_length=24, verbose_name='seen')),
                ('seen_on', models.DateField(blank=True, null=True, verbose_name='seen on')),
                ('lacks_somebody', models.BooleanField(default=False, verbose_name='lacks somebody')),
                ('step', models.PositiveSmallIntegerField(default=0, verbose_name='step')),
            ],
            options={
                'verbose_name': 'team check',
                'verbose_name_plural': 'team checks',
                'ordering': ('id',),
            },
        ),
        migrations.AddField(
            model_name='historicalteammember',
            name='is_nobody',
            field=models.BooleanField(default=False, verbose_name='nobody can be had'),
        ),
        migrations.AddField(
            model_name='historicalteammember',
            name='is_woman',
            field=models.BooleanField(default=False, verbose_name='a woman'),
        ),
        migrations.AddField(
            model_name='historicalteammember',
            name='place',
            field=models.CharField(default='', max_length=24, verbose_name='place in the team'),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='teammember',
            name='is_nobody',
            field=models.BooleanField(default=False, verbose_name='nobody can be had'),
        ),
        migrations.AddField(
            model_name='teammember',
            name='is_woman',
            field=models.BooleanField(default=False, verbose_name='a woman'),
        ),
        migrations.AddField(
            model_name='teammember',
            name='place',
            field=models.CharField(default='', max_length=24, verbose_name='place in the team'),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name='teammember',
            index=models.Index(fields=['case_file', 'until_on', 'place'], name='others_in_a_team'),
        ),
        migrations.AddConstraint(
            model_name='teammember',
            constraint=models.CheckConstraint(condition=models.Q(('is_nobody', False), ('is_woman', False), _connector='OR'), name='nobody_is_no_woman'),
        ),
        migrations.AddField(
            model_name='teamcheck',
            name='case_file',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='team_check', to='casework.casefile', verbose_name='case file'),
        ),
    ]
